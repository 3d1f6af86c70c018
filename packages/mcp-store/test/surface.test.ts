import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as mcpStore from '../src/index.ts';

// Hosts are written against these names. A red pin asks: on purpose?

it('exports these values and no other', () => {
  expect(Object.keys(mcpStore)).toEqual(['LockstepResponseStore']);
});

it('exports these types and no other', () => {
  const index = readFileSync(new URL('../src/index.ts', import.meta.url), 'utf8');
  const lists = [...index.matchAll(/^export type \{([^}]*)\}/gm)];
  const names = lists.flatMap(([, list = '']) => list.split(',').map((name) => name.trim())).filter(Boolean);
  expect(names.sort()).toEqual(['ResponseStoreOptions', 'StoredResponse']);
});
