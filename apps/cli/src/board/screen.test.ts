import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { Screen } from './screen.ts';

const ERASES = /\[\d?K/;

it('a line as wide as the terminal keeps its last character: nothing is erased behind it', () => {
  const stdout = Object.assign(new PassThrough(), { columns: 4, rows: 2 });
  const idle = (): void => {};
  const terminal = { stdin: new PassThrough(), stdout, stderr: new PassThrough(), environment: {} };
  const screen = new Screen(terminal, { quit: idle, interrupt: idle, resized: idle });
  stdout.read();
  screen.draw(['wide', 'full']);
  const drawn = String(stdout.read());
  for (const line of ['wide', 'full']) {
    const [before = '', after = ''] = drawn.split(line);
    expect(before).toMatch(ERASES);
    expect(after.slice(0, 3)).not.toMatch(ERASES);
  }
  screen.close();
});
