import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as testing from '../src/index.ts';

// People's tests are written against these names. A red pin asks: on purpose?

it('exports these values and no other', () => {
  const values = ['TestBus', 'TestCluster', 'TestNode', 'TestTier', 'createTestCluster'];
  expect(Object.keys(testing).sort()).toEqual(values);
});

it('exports these types and no other', () => {
  const index = readFileSync(new URL('../src/index.ts', import.meta.url), 'utf8');
  const lists = [...index.matchAll(/^export type \{([^}]*)\}/gm)];
  const names = lists.flatMap(([, list = '']) => list.split(',').map((name) => name.trim())).filter(Boolean);
  expect(names.sort()).toEqual(['FailOverOptions', 'TestClusterOptions', 'TestNodeOptions']);
});
