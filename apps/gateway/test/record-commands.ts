import { connect } from 'node:net';
import { zstdDecompressSync } from 'node:zlib';
import type { RunningServer } from '@lockstep/testkit';
import { waitFor } from '@lockstep/testkit';

/** Every command that any client or script gives the tier from now on, keys and values included, as anyone could read it. */
export async function recordCommands({ host, port }: RunningServer): Promise<{ text: () => string; stop: () => void }> {
  const socket = connect(port, host);
  let text = '';
  socket.setEncoding('latin1').on('data', (chunk: string) => {
    text += chunk;
  });
  socket.write('MONITOR\r\n');
  await waitFor(() => text.startsWith('+OK'), { what: 'the recording' });
  return { text: () => text + unpacked(text), stop: () => socket.destroy() };
}

const ZSTD_MAGIC = Buffer.from([0x28, 0xb5, 0x2f, 0xfd]);

/** What is compressed in a recording. */
function unpacked(recording: string): string {
  let text = '';
  for (const [, argument = ''] of recording.matchAll(/"((?:[^"\\]|\\.)*)"/g)) {
    const bytes = Buffer.from(
      argument.replaceAll(/\\(?:x([0-9a-f]{2})|(.))/g, (_, hex: string | undefined, plain: string) => {
        return hex === undefined ? (ESCAPED[plain] ?? plain) : String.fromCharCode(Number.parseInt(hex, 16));
      }),
      'latin1',
    );
    const at = bytes.indexOf(ZSTD_MAGIC);
    if (at >= 0) text += zstdDecompressSync(bytes.subarray(at)).toString('latin1');
  }
  return text;
}

const ESCAPED: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', a: '\x07', b: '\b' };
