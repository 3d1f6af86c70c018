import { waitFor } from '@lockstep/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TestCluster, TestNode } from './cluster.ts';
import { startCluster, warm } from './cluster.ts';

describe('when the bus loses what it carries', () => {
  let cluster: TestCluster;
  let a: TestNode;
  let b: TestNode;

  beforeEach(async () => {
    cluster = await startCluster();
    [a, b] = cluster.nodes as [TestNode, TestNode];
  });

  afterEach(() => cluster[Symbol.asyncDispose]());

  test('a clear whose message is lost is applied by the next heartbeat, within Δ (P1)', async () => {
    await warm(a, 'tool', 'old');
    cluster.network.decide(() => 'drop');
    await b.tools.clear('tool');
    await b.tools.set('tool', 'new');
    const committedMs = performance.now();
    expect(a.tools.peek('tool')).toBe('old');
    let lastOldMs = committedMs;
    const isGone = (): boolean => {
      const askedMs = performance.now();
      if (a.tools.peek('tool') !== 'old') return true;
      lastOldMs = askedMs;
      return false;
    };
    await waitFor(isGone, { what: 'the lost clear' });
    expect(lastOldMs - committedMs).toBeLessThan(400 * 1.011);
    expect(await a.tools.get('tool')).toBe('new');
  });

  test('only what changed is dropped: entries of other keys stay in the near-cache (P6)', async () => {
    const keys = Array.from({ length: 64 }, (_, index) => `key-${index}`);
    for (const key of keys) await warm(a, key, 'old');
    const resets = a.lockstep.stats().resets;
    cluster.network.decide(() => 'drop');
    for (const key of keys.slice(0, 8)) await b.tools.clear(key);
    await waitFor(() => a.lockstep.stats().eventsReplayed >= 8, { what: 'the replay' });
    expect(keys.filter((key) => a.tools.peek(key) === undefined)).toEqual(keys.slice(0, 8));
    expect(a.lockstep.stats().resets).toBe(resets);
  });

  test('a lost scope clear is applied by the next heartbeat (P1)', async () => {
    await warm(a, 'tool', 'old');
    cluster.network.decide(() => 'drop');
    await b.lockstep.clear({ everything: true });
    await waitFor(() => a.tools.peek('tool') === undefined, { what: 'the lost scope clear' });
  });

  test('messages out of order and doubled change nothing in the end, and need no reset', async () => {
    await warm(a, 'one', 'old');
    await warm(a, 'two', 'old');
    const resets = a.lockstep.stats().resets;
    cluster.network.decide(() => 'hold');
    await b.tools.clear('one');
    await b.tools.set('one', 'new');
    await b.tools.clear('two');
    cluster.network.decide(() => 'duplicate');
    cluster.network.release('reversed');
    await cluster.network.quiet();
    expect(await a.tools.get('one')).toBe('new');
    expect(await a.tools.get('two')).toBeUndefined();
    expect(a.lockstep.stats().resets).toBe(resets);
  });

  test('a partition whose log no longer reaches back is dropped whole, and only that one (P6)', async () => {
    const keys = Array.from({ length: 64 }, (_, index) => `key-${index}`);
    for (const key of keys) await warm(a, key, 'old');
    cluster.network.decide(() => 'drop');
    const { Redis } = await import('ioredis');
    const redis = new Redis(cluster.redis.url);
    const { partition } = await b.tools.clear('key-0');
    await redis.del(`lockstep:{test:${partition}}:log`);
    redis.disconnect();
    await b.tools.clear('key-0');
    await waitFor(() => a.tools.peek('key-0') === undefined, { what: 'the reset' });
    const dropped = keys.filter((key) => a.tools.peek(key) === undefined);
    expect(dropped.length).toBeLessThan(24);
    expect(a.lockstep.coherence.state).toBe('coherent');
  });
});
