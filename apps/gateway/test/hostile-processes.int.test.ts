import { describe, it } from 'vitest';
import { holds } from './hostile-checks.ts';
import { hostileProcess } from './hostile-server.ts';

describe('a process that writes', () => {
  it('a line without an end is ended', async () => {
    const entry = hostileProcess(
      'hostile',
      "const more = () => process.stdout.write('x'.repeat(65536), more); more();",
    );
    await holds(entry, { code: 'unusable', message: /^hostile sent a line of more than 2097152 bytes$/ });
  });

  it('a hundred thousand tools is refused', async () => {
    const entry = hostileProcess('hostile', 'reply(asked.id, { result: { tools: Array(100000).fill({}) } });');
    await holds(entry, { code: 'unusable', message: /more than 10000 tools$/ });
  });

  it('lines of rubbish, and then nothing, is given up after its time', async () => {
    const entry = hostileProcess(
      'hostile',
      "for (let i = 0; i < 1000; i++) write('rubbish {]}\\n\\u0000\\n[]\\n{}\\n');",
    );
    await holds(entry, { code: 'timed-out', message: /^hostile took too long$/ });
  });

  it('half an answer, and dies, is told as unreachable', async () => {
    const entry = hostileProcess('hostile', `process.stdout.write('{"jsonrpc":"2.0","id":', () => process.exit(1));`);
    await holds(entry, { code: 'unreachable', message: /^hostile cannot be reached/ });
  });
});
