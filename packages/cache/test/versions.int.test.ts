import { afterEach, beforeEach, expect, test } from 'vitest';
import type { TestCluster, TestNode } from './cluster.ts';
import { gate, startCluster } from './cluster.ts';

let cluster: TestCluster;
let a: TestNode;
let b: TestNode;

beforeEach(async () => {
  cluster = await startCluster({ node: { maxStaleness: 2_000, deltaMax: 2_000 } });
  [a, b] = cluster.nodes as [TestNode, TestNode];
});

afterEach(() => cluster[Symbol.asyncDispose]());

/** Of what a lookup finds. */
async function versionOf({ tools }: TestNode, key: string): Promise<string> {
  const found = await tools.lookup(key);
  return found.outcome === 'miss' ? '' : found.version;
}

test('a value is written by the version that was read, and every node has it (P1, P2)', async () => {
  await a.tools.set('key', 'first');
  const version = await versionOf(b, 'key');
  const compared = await b.tools.compareAndSet('key', version, 'second', { tags: ['red'] });
  expect(compared).toMatchObject({ committed: true, receipt: { kind: 'put', committed: true } });
  expect(b.tools.peek('key')).toBe('second');
  await cluster.network.quiet();
  expect([await a.tools.get('key'), await versionOf(a, 'key')]).toEqual(['second', await versionOf(b, 'key')]);
  await a.lockstep.clear({ tag: 'red' });
  expect(await a.tools.get('key')).toBeUndefined();
});

test('of two that read one version, one writes; the other is told, and reads the newer value at once', async () => {
  await a.tools.set('key', 'first');
  const version = await versionOf(b, 'key');
  expect(await versionOf(a, 'key')).toBe(version);
  cluster.network.decide(() => 'drop');
  await a.tools.compareAndSet('key', version, 'from a');
  expect(b.tools.peek('key')).toBe('first');
  const refused = await b.tools.compareAndSet('key', version, 'from b');
  expect(refused).toEqual({ committed: false, version: await versionOf(a, 'key') });
  expect(b.tools.peek('key')).toBeUndefined();
  expect(await b.tools.lookup('key')).toMatchObject({ value: 'from a', version: await versionOf(a, 'key') });
});

test('what is near of the newest version stays where an older one is compared', async () => {
  await a.tools.set('key', 'first');
  const old = await versionOf(a, 'key');
  await a.tools.set('key', 'second');
  expect(await a.tools.compareAndSet('key', old, 'third')).toMatchObject({ committed: false });
  expect(a.tools.peek('key')).toBe('second');
});

test('a value is written where there is none, once', async () => {
  const writes = [a, b].map(({ tools }) => tools.compareAndSet('key', '', tools === a.tools ? 'a' : 'b'));
  const outcomes = await Promise.all(writes);
  expect(outcomes.filter(({ committed }) => committed)).toHaveLength(1);
  const winner = outcomes[0]?.committed ? 'a' : 'b';
  await cluster.network.quiet();
  expect([await a.tools.get('key'), await b.tools.get('key')]).toEqual([winner, winner]);
});

test('a key is cleared by the version that was read, on every node; by another it stays', async () => {
  await a.tools.set('key', 'first');
  const version = await versionOf(b, 'key');
  await a.tools.set('key', 'second');
  await cluster.network.quiet();
  const newer = await versionOf(a, 'key');
  expect(await b.tools.compareAndClear('key', version)).toEqual({ committed: false, version: newer });
  expect(await b.tools.get('key')).toBe('second');
  const cleared = await b.tools.compareAndClear('key', newer, { wait: 'fenced' });
  expect(cleared).toMatchObject({ committed: true, receipt: { kind: 'clear', fence: expect.anything() } });
  expect([a.tools.peek('key'), b.tools.peek('key'), await a.tools.get('key')]).toEqual([
    undefined,
    undefined,
    undefined,
  ]);
});

test('a load under way is overtaken by a write by version, and not by one that differs (P4)', async () => {
  for (const [version, after] of [
    ['', 'written'],
    ['17', 'loaded'],
  ] as const) {
    const key = `key ${version}`;
    const [began, may] = [gate(), gate()];
    const loading = a.tools.getOrLoad(key, async () => {
      began.open();
      await may.passed;
      return 'loaded';
    });
    await began.passed;
    const { committed } = await b.tools.compareAndSet(key, version, 'written');
    expect(committed).toBe(version === '');
    await cluster.network.quiet();
    may.open();
    expect(await loading).toBe('loaded');
    expect([await a.tools.get(key), await b.tools.get(key)]).toEqual([after, after]);
  }
});

test('where the tier does not answer, the write may have happened: what is near is dropped', async () => {
  await a.tools.set('key', 'first');
  const version = await versionOf(a, 'key');
  a.proxy.cut();
  await expect(a.tools.compareAndSet('key', version, 'second')).rejects.toMatchObject({ code: 'tier-unavailable' });
  expect(a.tools.peek('key')).toBeUndefined();
  a.proxy.restore();
  await expect(a.tools.compareAndSet('key', 17 as never, 'x')).rejects.toMatchObject({ code: 'config-invalid' });
});
