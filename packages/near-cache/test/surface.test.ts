import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as nearCache from '../src/index.ts';

// Other packages are written against these names. A red pin asks: on purpose?

it('exports these values and no other', () => {
  expect(Object.keys(nearCache).sort()).toEqual(['NearCache', 'endFreshness', 'isFreshnessEnded']);
});

it('exports these types and no other', () => {
  const index = readFileSync(new URL('../src/index.ts', import.meta.url), 'utf8');
  const lists = [...index.matchAll(/^export type \{([^}]*)\}/gm)];
  const names = lists.flatMap(([, list = '']) => list.split(',').map((name) => name.trim()));
  expect(names.sort()).toEqual(['NearEntry', 'NearRegion', 'NearRegionOptions']);
});
