import { createInterface } from 'node:readline/promises';
import type { Readable, Writable } from 'node:stream';
import { styleText } from 'node:util';

/** Where a command reads and writes. */
export interface Terminal {
  readonly stdin: Readable & { readonly isTTY?: boolean; readonly setRawMode?: (isRaw: boolean) => unknown };
  readonly stdout: Writable & {
    readonly isTTY?: boolean;
    readonly columns?: number;
    readonly rows?: number;
  };
  readonly stderr: Writable & { readonly isTTY?: boolean };
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/** A colour or a weight of text. */
export type Style = 'bold' | 'cyan' | 'dim' | 'green' | 'red' | 'yellow';

/** Text in a style, where the stream is a terminal and NO_COLOR is not set. */
export function styled(stream: Terminal['stdout'], style: Style, text: string): string {
  return styleText(style, text, { stream: stream as NodeJS.WritableStream });
}

/** Whether a person can be asked. */
export function isInteractive({ stdin, stderr }: Terminal): boolean {
  return stdin.isTTY === true && stderr.isTTY === true;
}

/** Asks a person, on the standard error; rejects with the signal's reason when it is aborted. */
export async function ask({ stdin, stderr }: Terminal, question: string, signal: AbortSignal): Promise<string> {
  const reader = createInterface({ input: stdin, output: stderr });
  const interrupted = new AbortController();
  // A terminal in raw mode sends no signal: the reader hears Ctrl-C, and the process is told in its stead.
  reader.on('SIGINT', () => process.kill(process.pid, 'SIGINT'));
  reader.on('close', () => interrupted.abort());
  try {
    return await reader.question(question, { signal: AbortSignal.any([signal, interrupted.signal]) });
  } catch (error) {
    signal.throwIfAborted();
    if (interrupted.signal.aborted) return '';
    throw error;
  } finally {
    reader.close();
  }
}

/** A message to a person: a line on the standard error. */
export function say({ stderr }: Terminal, message: string): void {
  stderr.write(`${message}\n`);
}
