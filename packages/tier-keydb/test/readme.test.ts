import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

it('the example in the README is the one that is type-checked', () => {
  const shown = /```ts examples\/one-load\.ts\n(.*?)```/s.exec(read('../README.md'))?.[1];
  expect(shown).toBe(read('../examples/one-load.ts'));
});

it('the README lists every option', () => {
  const options = read('../src/options.ts');
  const declared = /interface KeydbTierOptions \{(.*?)\n\}/s.exec(options)?.[1] ?? '';
  const names = Array.from(declared.matchAll(/^ {2}readonly (\w+)\??:/gm), (match) => match[1]);
  const listed = Array.from(read('../README.md').matchAll(/^\| `(\w+)` \| (?!when)/gm), (match) => match[1]);
  expect(names.length).toBeGreaterThan(5);
  expect(listed.filter((name) => names.includes(name))).toEqual(names);
});
