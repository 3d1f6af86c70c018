import { readFileSync } from 'node:fs';
import { formatWithOptions } from 'node:util';
import type { KeyId, ScopeId } from '@lockstep/core';
import { expect, it, vi } from 'vitest';
import { main } from '../examples/region.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const readme = read('../README.md');

it('the README shows the example that is type-checked', () => {
  const shown = /```ts examples\/region\.ts\n([\s\S]*?)```/.exec(readme)?.[1];
  expect(shown).toBe(read('../examples/region.ts'));
});

it('the example prints what the README says', () => {
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  try {
    main('a'.repeat(32) as KeyId, '1'.repeat(32) as ScopeId, 0);
    const printed = log.mock.calls.map((words) => `\`${formatWithOptions({ colors: false }, ...words)}\``);
    expect(readme).toContain(`It prints ${printed.join(' and ')}.`);
  } finally {
    log.mockRestore();
  }
});

it('the README lists every option, and no other', () => {
  const body = /export interface NearRegionOptions \{([\s\S]*?)\n\}/.exec(read('../src/near-cache.ts'))?.[1] ?? '';
  const declared = [...body.matchAll(/^ {2}readonly (\w+)\??:/gm)].map((match) => match[1]);
  const listed = [...readme.matchAll(/^\| `(\w+)` \|/gm)].map((match) => match[1]);
  expect(listed).toEqual(declared);
});
