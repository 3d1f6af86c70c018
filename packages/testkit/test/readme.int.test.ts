import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { main } from '../examples/bus-outage.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');

it('the README shows the example that is type-checked', () => {
  const shown = /```ts examples\/bus-outage\.ts\n([\s\S]*?)```/.exec(read('../README.md'))?.[1];
  expect(shown).toBe(read('../examples/bus-outage.ts'));
});

it('the README’s example sees the server, and then the cut', async () => {
  expect(await main()).toEqual(['INFO', 'cut']);
});
