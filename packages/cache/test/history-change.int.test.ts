import { waitFor } from '@lockstep/testkit';
import { connectKeydb } from '@lockstep/tier-keydb';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openLockstep } from '../src/index.ts';
import type { TestCluster, TestNode } from './cluster.ts';
import { startCluster, startNode, warm } from './cluster.ts';

/** Of the cluster's nodes. */
const DELTA_MS = 400;

describe("when the tier's history changes", () => {
  let cluster: TestCluster;
  let a: TestNode;
  let b: TestNode;

  beforeEach(async () => {
    cluster = await startCluster();
    [a, b] = cluster.nodes as [TestNode, TestNode];
  });

  afterEach(() => cluster[Symbol.asyncDispose]());

  /** Makes the tier lose its history, and waits until both nodes have started every partition over. */
  async function lose(how: () => Promise<unknown>): Promise<void> {
    const partitions = 17;
    const resets = [a, b].map(({ lockstep }) => lockstep.stats().resets + partitions);
    await how();
    const isOver = (): boolean => [a, b].every((node, at) => node.lockstep.stats().resets >= (resets[at] as number));
    await waitFor(isOver, { what: 'the resets' });
  }

  async function flush(): Promise<void> {
    const redis = new Redis(cluster.redis.url);
    await redis.flushall();
    redis.disconnect();
  }

  test('FLUSHALL is noticed within Δ, and what the old history vouched for is dropped (P7)', async () => {
    await warm(a, 'tool', 'old');
    let flushedMs = Number.NaN;
    let lastOldMs = Number.NaN;
    await lose(async () => {
      await flush();
      flushedMs = performance.now();
      const isGone = (): boolean => {
        const askedMs = performance.now();
        if (a.tools.peek('tool') === undefined) return true;
        lastOldMs = askedMs;
        return false;
      };
      await waitFor(isGone, { what: 'the end of what was flushed' });
    });
    expect(lastOldMs - flushedMs).toBeLessThan(DELTA_MS * 1.011);
    expect(a.tools.peek('tool')).toBeUndefined();
    expect(await a.tools.getOrLoad('tool', () => 'new')).toBe('new');
    await warm(b, 'tool', 'unused');
    expect(b.tools.peek('tool')).toBe('new');
  });

  test('a restart without persistence is noticed, and nodes recover by themselves (P7)', async () => {
    await warm(a, 'tool', 'old');
    await lose(async () => {
      await cluster.redis.kill();
      await cluster.redis.restart();
    });
    expect(a.tools.peek('tool')).toBeUndefined();
    expect([a, b].map(({ lockstep }) => lockstep.coherence.state)).toEqual(['coherent', 'coherent']);
    await b.tools.set('tool', 'new');
    await cluster.network.quiet();
    expect(await a.tools.get('tool')).toBe('new');
  });

  test('a write right after a flush never brings the older value back on its node (P2)', async () => {
    await warm(a, 'tool', 'old');
    await flush();
    await a.tools.set('tool', 'new');
    expect(await a.tools.get('tool')).not.toBe('old');
    await waitFor(() => a.lockstep.stats().resets >= 34, { what: 'the resets' });
    await a.tools.set('tool', 'newer');
    expect([await a.tools.get('tool'), await b.tools.get('tool')]).toEqual(['newer', 'newer']);
  });

  test('a tier that may evict the history makes nodes say so, until that is mended', async () => {
    const redis = new Redis(cluster.redis.url);
    await redis.config('SET', 'maxmemory-policy', 'allkeys-lru');
    const c = await startNode(cluster.redis, cluster.network, { node: { joinTimeout: 100 } });
    // Until it has asked the tier, the reason is another one.
    await waitFor(() => c.lockstep.coherence.reason?.includes('allkeys-lru') === true, { what: 'the reason' });
    expect(c.lockstep.coherence.state).toBe('degraded');
    await redis.config('SET', 'maxmemory-policy', 'volatile-lru');
    await waitFor(() => c.lockstep.coherence.state === 'coherent', { what: 'coherence' });
    redis.disconnect();
    await c.lockstep.close();
    await c.proxy.close();
  });

  test.each([
    ['partitions', { partitions: 8 }],
    ['secret', { secret: 'another secret of enough length' }],
    ['deltaMaxMs', { deltaMax: 30_000 }],
  ])('a node whose %s does not fit the cluster refuses to join it', async (field, differing) => {
    const opening = openLockstep({
      secret: 'a secret for tests, shared by all nodes',
      tier: connectKeydb({ url: cluster.redis.url, cluster: 'test' }),
      ...differing,
    });
    await expect(opening).rejects.toMatchObject({ code: 'settings-differ', message: expect.stringContaining(field) });
  });
});
