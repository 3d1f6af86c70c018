import { waitFor } from '@lockstep/testkit';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TestCluster, TestNode } from './cluster.ts';
import { startCluster, warm } from './cluster.ts';

const DELTA_MAX_MS = 800;

describe('a fenced clear on three nodes', () => {
  let cluster: TestCluster;
  let a: TestNode;
  let b: TestNode;
  let c: TestNode;

  beforeEach(async () => {
    cluster = await startCluster({ nodes: 3, node: { deltaMax: DELTA_MAX_MS } });
    [a, b, c] = cluster.nodes as [TestNode, TestNode, TestNode];
  });

  afterEach(() => cluster[Symbol.asyncDispose]());

  /** Fences nothing until a fence is held by acknowledgements: the connection is old enough to trust the members. */
  async function settled(): Promise<void> {
    const isSettled = async () => {
      const { fence } = await a.tools.clear('nothing', { wait: 'fenced' });
      return fence?.by === 'acknowledgements';
    };
    await waitFor(isSettled, { what: 'a connection of the age that fences need' });
  }

  test.each([
    ['a key', () => a.tools.clear('tool', { wait: 'fenced' })],
    ['a tag', () => a.lockstep.clear({ tag: 'server:x' }, { wait: 'fenced' })],
    ['everything', () => a.lockstep.clear({ everything: true }, { wait: 'fenced' })],
    ['an expired key', () => a.tools.expire('tool', { wait: 'fenced' })],
    ['an expired tag', () => a.lockstep.expire({ tag: 'server:x' }, { wait: 'fenced' })],
  ])('of %s returns when every member has acknowledged it, and names each (P3)', async (_, clear) => {
    await settled();
    await a.tools.set('tool', 'old', { tags: ['server:x'] });
    for (const node of [b, c]) await warm(node, 'tool', 'old');
    const { fence } = await clear();
    expect([a, b, c].map(({ tools }) => tools.peek('tool'))).toEqual([undefined, undefined, undefined]);
    const others = [b, c].map(({ lockstep }) => [lockstep.nodeId, 'acknowledged']);
    expect(fence).toEqual({ by: 'acknowledgements', members: Object.fromEntries(others) });
  });

  test('waits out the time in which a member that does not acknowledge could serve, and names it (P3)', async () => {
    await settled();
    for (const node of [b, c]) await warm(node, 'tool', 'old');
    cluster.network.decide(({ to }) => (to === c.bus ? 'drop' : 'deliver'));
    c.proxy.stall();
    const startedMs = performance.now();
    const { fence } = await a.tools.clear('tool', { wait: 'fenced' });
    expect(performance.now() - startedMs).toBeGreaterThanOrEqual(DELTA_MAX_MS);
    expect(c.tools.peek('tool')).toBeUndefined();
    const members = { [b.lockstep.nodeId]: 'acknowledged', [c.lockstep.nodeId]: 'fenced out' };
    expect(fence).toEqual({ by: 'time', members });
  });

  test('waits out the time where the connection to the members is too fresh to trust (P3)', async () => {
    await settled();
    a.proxy.reset();
    const isBack = async (): Promise<boolean> => (await a.lockstep.count('tools').catch(() => -1)) >= 0;
    await waitFor(async () => !(await isBack()), { what: 'the connection to break' });
    await waitFor(isBack, { what: 'a new connection' });
    const { fence } = await a.tools.clear('tool', { wait: 'fenced' });
    const others = [b, c].map(({ lockstep }) => [lockstep.nodeId, 'acknowledged']);
    expect(fence).toEqual({ by: 'time', members: Object.fromEntries(others) });
  });

  test('waits out the time where the tier has just lost the members (P3)', async () => {
    await settled();
    for (const node of [b, c]) await warm(node, 'tool', 'old');
    cluster.network.decide(() => 'drop');
    const redis = new Redis(cluster.redis.url);
    await redis.flushall();
    redis.disconnect();
    const { fence } = await a.tools.clear('tool', { wait: 'fenced' });
    expect([b, c].map(({ tools }) => tools.peek('tool'))).toEqual([undefined, undefined]);
    expect(fence?.by).toBe('time');
  });

  test('that is under way when its node closes rejects, and nothing hangs', async () => {
    await settled();
    let asked = 0;
    cluster.network.decide(() => {
      asked++;
      return 'drop';
    });
    const fenced = a.tools.clear('tool', { wait: 'fenced' });
    await waitFor(() => asked > 0, { what: 'the event' });
    const closing = a.lockstep.close();
    await expect(fenced).rejects.toMatchObject({ code: 'closed' });
    await closing;
  });

  test('a member that has left costs no fence anything', async () => {
    await settled();
    await c.lockstep.close();
    const { fence } = await a.tools.clear('tool', { wait: 'fenced' });
    expect(fence).toEqual({ by: 'acknowledgements', members: { [b.lockstep.nodeId]: 'acknowledged' } });
  });
});

test('a fenced clear on a node alone, in local mode, returns at once', async () => {
  const { openLockstep } = await import('../src/index.ts');
  await using lockstep = await openLockstep();
  const { fence } = await lockstep.clear({ everything: true }, { wait: 'fenced' });
  expect(fence).toEqual({ by: 'acknowledgements', members: {} });
});
