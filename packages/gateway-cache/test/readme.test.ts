import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { CACHE_TYPE_WORDS, gatewayPolicies, tokenPolicy } from '../src/index.ts';

const read = (path: string): string => readFileSync(new URL(path, import.meta.url), 'utf8');
const readme = read('../README.md');

it('the README shows the example that is type-checked', () => {
  const shown = /```ts examples\/gateway\.ts\n([\s\S]*?)```/.exec(readme)?.[1];
  expect(shown).toBe(read('../examples/gateway.ts'));
});

it('the README lists every namespace, and what it does when coherence is lost', () => {
  const policies = gatewayPolicies({ toolsTtlMs: 1, gatewayConfigTtlMs: 1, discoveryTimeoutMs: 1 }, 'cluster');
  const rows = [...readme.matchAll(/^\| `([\w-]+)` \|.*\| `(serve-stale|revalidate)` \| \w+ \|$/gm)];
  const token = tokenPolicy({ shared: false, acquireTimeoutMs: 1 });
  const all = { ...policies, 'oauth-token': token };
  const expected = Object.entries(all).map(([name, { whenIncoherent }]) => [name, whenIncoherent]);
  expect(rows.map(([, name, lost]) => [name, lost])).toEqual(expected);
});

it('the README lists every word of a clear', () => {
  const table = readme.slice(readme.indexOf('| words |'), readme.indexOf('Without `gateway`'));
  const listed = [...table.matchAll(/^\| (.*?) \|/gm)].flatMap(([, words = '']) => words.match(/`\w+`/g) ?? []);
  expect(listed.map((word) => word.slice(1, -1)).sort()).toEqual([...CACHE_TYPE_WORDS].sort());
});
