import { waitFor } from '@lockstep/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestCluster, TestNode } from './cluster.ts';
import { startCluster, warm } from './cluster.ts';

const unexpectedLoad = (): never => {
  throw new Error('the loader was asked');
};

describe('two nodes on one tier and one bus', () => {
  let cluster: TestCluster;
  let a: TestNode;
  let b: TestNode;

  beforeAll(async () => {
    cluster = await startCluster();
    [a, b] = cluster.nodes as [TestNode, TestNode];
  });

  afterAll(() => cluster[Symbol.asyncDispose]());

  test('a value loaded on one node is a tier hit on the other, and a near hit after that', async () => {
    const first = await a.tools.lookup('shared', () => 'v1');
    const second = await b.tools.lookup('shared', unexpectedLoad);
    const third = await b.tools.lookup('shared', unexpectedLoad);
    expect([first, second, third]).toMatchObject([
      { outcome: 'loaded' },
      { outcome: 'hit', source: 'tier', value: 'v1', stale: false, degraded: false },
      { outcome: 'hit', source: 'near', value: 'v1', stale: false, degraded: false },
    ]);
  });

  test('a key cleared on one node is gone on the other within a bus hop', async () => {
    await warm(a, 'cleared', 'v1');
    await warm(b, 'cleared', 'v1');
    await b.tools.clear('cleared');
    await cluster.network.quiet();
    expect(a.tools.peek('cleared')).toBeUndefined();
    expect(await a.tools.get('cleared')).toBeUndefined();
  });

  test('a value set on one node replaces the one another node holds', async () => {
    await warm(a, 'written', 'v1');
    await b.tools.set('written', 'v2');
    await cluster.network.quiet();
    expect(await a.tools.get('written')).toBe('v2');
    expect(await b.tools.lookup('written')).toMatchObject({ source: 'near', value: 'v2' });
  });

  test('after a write, clear or expire resolves, no lookup on that node answers the older value (P2)', async () => {
    await warm(a, 'own', 'v1');
    await a.tools.set('own', 'v2');
    expect(await a.tools.get('own')).toBe('v2');
    await a.tools.expire('own');
    expect(await a.tools.get('own')).toBeUndefined();
    expect(await a.tools.getOrLoad('own', () => 'v3')).toBe('v3');
    await a.tools.clear('own');
    expect(await a.tools.get('own')).toBeUndefined();
  });

  test.each([
    ['a tag', { tag: 'server:github' }],
    ['a namespace', { namespace: 'tools' }],
    ['everything', { everything: true }],
  ] as const)('clearing %s ends what it covers on all nodes, and what is loaded after lives', async (_, scope) => {
    await a.tools.getOrLoad('covered', () => 'old', { tags: ['server:github'] });
    await b.tools.getOrLoad('covered', unexpectedLoad);
    await b.tools.getOrLoad('covered', unexpectedLoad);
    await a.lockstep.clear(scope);
    await cluster.network.quiet();
    expect([a.tools.peek('covered'), b.tools.peek('covered')]).toEqual([undefined, undefined]);
    expect(await b.tools.getOrLoad('covered', () => 'new', { tags: ['server:github'] })).toBe('new');
    expect(await a.tools.getOrLoad('covered', unexpectedLoad)).toBe('new');
    await a.tools.clear('covered');
  });

  test('clearing one tag leaves values with other tags where they are', async () => {
    await warm(a, 'untagged', 'kept');
    await b.lockstep.clear({ tag: 'server:github' });
    await cluster.network.quiet();
    expect(a.tools.peek('untagged')).toBe('kept');
  });

  test('the tier counts the entries of a namespace exactly', async () => {
    await a.lockstep.clear({ everything: true });
    const counted = a.lockstep.namespace<number>('counted');
    for (let index = 0; index < 40; index++) await counted.set(`key-${index}`, index);
    await counted.clear('key-7');
    expect(await b.lockstep.count('counted')).toBe(39);
  });

  test('an expired value stands in, marked stale, when the loader fails within the grace', async () => {
    const graceful = { ttl: 60_000, grace: 60_000 };
    const [onA, onB] = [a, b].map(({ lockstep }) => lockstep.namespace<string>('graceful', graceful));
    await onA?.set('list', 'v1');
    await onB?.expire('list');
    await cluster.network.quiet();
    expect(await onA?.get('list')).toBeUndefined();
    const answer = await onB?.lookup('list', unexpectedLoad);
    expect(answer).toMatchObject({ outcome: 'hit', source: 'tier', value: 'v1', stale: true, degraded: false });
    await onA?.clear('list');
    await expect(onA?.getOrLoad('list', unexpectedLoad)).rejects.toMatchObject({ code: 'loader-failed' });
  });

  test('no key, tag or value of another kind than the namespace name is readable in the tier', async () => {
    await a.tools.set('customer-4711', 'v', { tags: ['tenant-secret'] });
    const { Redis } = await import('ioredis');
    const redis = new Redis(cluster.redis.url);
    const dump: string[] = [];
    for (const key of await redis.keys('*')) dump.push(key, (await redis.dump(key)) ?? '');
    redis.disconnect();
    expect(dump.length).toBeGreaterThan(0);
    expect(dump.join('\n')).not.toMatch(/customer-4711|tenant-secret/);
  });

  test('nodes stay coherent without any further event', async () => {
    await waitFor(() => a.lockstep.stats().heartbeats > 4 && b.lockstep.stats().heartbeats > 4, { what: 'heartbeats' });
    expect([a.lockstep.coherence.state, b.lockstep.coherence.state]).toEqual(['coherent', 'coherent']);
    expect(a.lockstep.coherence.stalenessMs).toBeLessThan(400);
  });
});
