import { expect, it, test } from 'vitest';
import type { PageHints } from './list-hints.ts';
import { ListHints } from './list-hints.ts';

function read(pages: readonly (PageHints & { readonly atMs?: number })[], endMs = 0) {
  let nowMs = 0;
  const hints = new ListHints(() => nowMs);
  for (const { atMs = 0, ...page } of pages) {
    nowMs = atMs;
    hints.arrived(page);
  }
  nowMs = endMs;
  return { hintMs: hints.hintMs, cacheScope: hints.cacheScope };
}

it('a server that says nothing has said nothing', () => {
  expect(read([{}, {}])).toEqual({ hintMs: undefined, cacheScope: undefined });
});

it('each page is fresh from its own arrival on, and the list for as long as all pages are', () => {
  const pages = [
    { ttlMs: 5_000, atMs: 0 },
    { ttlMs: 60_000, atMs: 1_000 },
  ];
  expect(read(pages, 1_500).hintMs).toBe(3_500);
  expect(read(pages, 6_000).hintMs).toBe(0);
});

test.each([0, -1, Number.NaN, 'x', null])('a ttlMs of %s means: do not serve it again', (ttlMs) => {
  expect(read([{ ttlMs: 60_000 }, { ttlMs }]).hintMs).toBe(0);
});

test.each([
  [['public', 'public'], 'public'],
  [['private', 'private'], 'private'],
  [['public', 'private'], 'private'],
  [['public', undefined], 'private'],
  [['everyone'], 'private'],
])('pages of scope %j are together %s', (scopes, scope) => {
  expect(read(scopes.map((cacheScope) => ({ cacheScope }))).cacheScope).toBe(scope);
});
