import keyvTestSuite from '@keyv/test-suite';
import Keyv from 'keyv';
import Keyv6 from 'keyv-6';
import * as vitest from 'vitest';
import type { TestCluster, TestNode } from './nodes.ts';
import { localNode, startCluster } from './nodes.ts';

// Keyv's own test suite, for adapters of Keyv 5. Keyv 6 answers a list of booleans to a delete of many.
const DIFFERS_IN_6 = new Set(['.deleteMany([keys]) with nonexistent keys resolves to false']);

const suite = { ...vitest };
const suite6 = {
  ...vitest,
  it: (name: string, run: vitest.TestFunction) => vitest.it(name, { fails: DIFFERS_IN_6.has(name) }, run),
} as typeof vitest;

vitest.describe.each([
  ['5', Keyv, suite],
  ['6', Keyv6 as unknown as typeof Keyv, suite6],
] as const)('the test suite of Keyv, with Keyv %s', (_, KeyvOf, testing) => {
  vitest.describe('on a node of a cluster', () => {
    let cluster: TestCluster;
    vitest.beforeAll(async () => {
      cluster = await startCluster();
    });
    vitest.afterAll(() => cluster[Symbol.asyncDispose]());
    keyvTestSuite(testing, KeyvOf, () => cluster.nodes[0].store());
  });

  vitest.describe('in local mode', () => {
    let node: TestNode;
    vitest.beforeAll(async () => {
      node = await localNode();
    });
    vitest.afterAll(() => node[Symbol.asyncDispose]());
    keyvTestSuite(testing, KeyvOf, () => node.store());
  });
});
