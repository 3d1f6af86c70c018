import { execFile } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const PACKAGE = join(import.meta.dirname, '..');
const EXAMPLE = 'examples/tool-lists.ts';
const read = (path: string): string => readFileSync(join(PACKAGE, path), 'utf8');

it('the README shows the example that is type-checked', () => {
  expect(/```ts examples\/tool-lists\.ts\n([\s\S]*?)```/.exec(read('README.md'))?.[1]).toBe(read(EXAMPLE));
});

it('the tests of the example pass, and leave nothing that keeps the process alive', async () => {
  const args = ['--conditions=@lockstep/source', '--test-reporter=tap', EXAMPLE];
  const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: PACKAGE });
  expect(stdout).toMatch(/^# pass 2$/m);
  expect(stdout).toMatch(/^# fail 0$/m);
});
