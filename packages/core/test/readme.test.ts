import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { expect, it, vi } from 'vitest';
import { main } from '../examples/lost-event.ts';
import * as core from '../src/index.ts';
import { busMac } from './arbitrary-frames.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const readme = read('../README.md');

/** The first cells of the rows of a section's table, without backticks. */
function firstCells(heading: string): string[] {
  const section = readme.split(/^## /m).find((text) => text.startsWith(heading)) ?? '';
  const cells = [...section.matchAll(/^\| (`[^|]+`) \|/gm)].map(([, cell = '']) => cell);
  return cells.flatMap((cell) => [...cell.matchAll(/`([^`]+)`/g)].map(([, name = '']) => name));
}

it('the README shows the example that is type-checked', () => {
  const shown = /```ts examples\/lost-event\.ts\n([\s\S]*?)```/.exec(readme)?.[1];
  expect(shown).toBe(read('../examples/lost-event.ts'));
});

it('the example prints what the README says', () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  try {
    main((input) => createHash('md5').update(input).digest('hex'), busMac);
    const printed = log.mock.calls.map((words) => `\`${words.join(' ')}\``);
    expect(readme).toContain(`It prints ${printed.join(' and ')}.`);
  } finally {
    log.mockRestore();
  }
});

it('the README names every file of the sources', () => {
  const files = readdirSync(new URL('../src', import.meta.url)).filter((file) => !file.endsWith('.test.ts'));
  const named = firstCells('What is where').map((name) => `${name}.ts`);
  expect([...named, 'index.ts'].sort()).toEqual(files.sort());
});

it('the README states every bound with its value', () => {
  const stated = [...readme.matchAll(/^\| `([A-Z_]+_MAX)` \| (\d+) \|/gm)].map(([, name, value]) => [
    name,
    Number(value),
  ]);
  const bounds = Object.entries(core).filter(([name]) => name.endsWith('_MAX'));
  expect(Object.fromEntries(stated)).toEqual(Object.fromEntries(bounds));
});
