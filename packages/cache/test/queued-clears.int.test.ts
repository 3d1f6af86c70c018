import { RecordingLogger, waitFor } from '@lockstep/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TestCluster, TestNode } from './cluster.ts';
import { startCluster, warm } from './cluster.ts';

describe('a clear with allowDegraded while the tier is away', () => {
  let cluster: TestCluster;
  let a: TestNode;
  let b: TestNode;
  const logger = new RecordingLogger();

  beforeEach(async () => {
    cluster = await startCluster({ tools: { grace: 60_000 }, node: { logger } });
    [a, b] = cluster.nodes as [TestNode, TestNode];
    await a.tools.set('tool', 'old', { tags: ['red'] });
    await warm(a, 'tool', 'unused');
    await warm(b, 'tool', 'unused');
  });

  afterEach(() => cluster[Symbol.asyncDispose]());

  const isCoherent = (node: TestNode) => (): boolean => node.lockstep.coherence.state === 'coherent';

  const clears = [
    ['of a key', (wait: 'committed' | 'fenced') => a.tools.clear('tool', { allowDegraded: true, wait })],
    ['of a tag', (wait: 'committed' | 'fenced') => a.lockstep.clear({ tag: 'red' }, { allowDegraded: true, wait })],
  ] as const;

  test.each(clears)(
    '%s says that it is queued, and takes effect on the nodes that the bus reaches',
    async (_, clear) => {
      a.proxy.cut();
      expect(await clear('fenced')).toMatchObject({ kind: 'clear', committed: false, queued: true });
      await cluster.network.quiet();
      expect([a.tools.peek('tool'), b.tools.peek('tool')]).toEqual([undefined, undefined]);
    },
  );

  test.each(clears)('%s is committed before this node answers a value from the tier again (P2)', async (_, clear) => {
    a.proxy.cut();
    await clear('committed');
    a.proxy.restore();
    const heard: unknown[] = [];
    const isCaughtUp = async (): Promise<boolean> => {
      heard.push(await a.tools.get('tool'));
      return isCoherent(a)() && (await b.tools.get('tool')) === undefined;
    };
    await waitFor(isCaughtUp, { what: 'the clear to reach every node' });
    expect(new Set(heard)).toEqual(new Set([undefined]));
  });

  const expires = [
    ['of a key', () => a.tools.expire('tool', { allowDegraded: true })],
    ['of a tag', () => a.lockstep.expire({ tag: 'red' }, { allowDegraded: true })],
  ] as const;

  test.each(expires)('an expire %s is queued too, and leaves the value as a fallback', async (_, expire) => {
    a.proxy.cut();
    expect(await expire()).toMatchObject({ kind: 'expire', committed: false, queued: true });
    await cluster.network.quiet();
    expect([a.tools.peek('tool'), b.tools.peek('tool')]).toEqual([undefined, undefined]);
    const failing = (): never => {
      throw new Error('the origin fails');
    };
    expect(await a.tools.lookup('tool', failing)).toMatchObject({ value: 'old', stale: true });
  });

  test('of a tag leaves what does not carry it where it is', async () => {
    await warm(a, 'untagged', 'kept');
    a.proxy.cut();
    await a.lockstep.clear({ tag: 'red' }, { allowDegraded: true });
    expect(a.tools.peek('untagged')).toBe('kept');
  });

  test('is committed before this node writes a value there again', async () => {
    a.proxy.cut();
    await a.tools.clear('tool', { allowDegraded: true });
    await expect(a.tools.set('tool', 'new')).rejects.toMatchObject({ code: 'tier-unavailable' });
    a.proxy.restore();
    await waitFor(
      async () =>
        a.tools.set('tool', 'new').then(
          () => true,
          () => false,
        ),
      { what: 'a write' },
    );
    await waitFor(isCoherent(a), { what: 'recovery' });
    await waitFor(async () => (await b.tools.get('tool')) === 'new', { what: 'the value on another node' });
    expect(await a.tools.get('tool')).toBe('new');
  });

  test('a node that leaves says how many of its clears were never committed', async () => {
    a.proxy.cut();
    await a.tools.clear('tool', { allowDegraded: true });
    await a.lockstep.close();
    expect(logger.entries).toContainEqual({
      level: 'error',
      message: 'clears that waited for the tier were never committed',
      fields: { clears: 1 },
    });
    await expect(a.tools.clear('tool', { allowDegraded: true })).rejects.toMatchObject({ code: 'closed' });
  });
});

describe("with wait: 'local'", () => {
  let cluster: TestCluster;
  let a: TestNode;
  let b: TestNode;

  beforeEach(async () => {
    cluster = await startCluster({ tools: { grace: 60_000 } });
    [a, b] = cluster.nodes as [TestNode, TestNode];
    await a.tools.set('tool', 'old', { tags: ['red'] });
    for (const node of [a, b]) await warm(node, 'tool', 'unused');
  });

  afterEach(() => cluster[Symbol.asyncDispose]());

  test.each([
    ['a clear of a key', () => a.tools.clear('tool', { wait: 'local' })],
    ['a clear of a tag', () => a.lockstep.clear({ tag: 'red' }, { wait: 'local' })],
    ['an expire of a key', () => a.tools.expire('tool', { wait: 'local' })],
    ['an expire of a tag', () => a.lockstep.expire({ tag: 'red' }, { wait: 'local' })],
  ])('%s is in effect here when it resolves, and committed right after (P2)', async (_, clear) => {
    expect(await clear()).toMatchObject({ committed: false, queued: true });
    expect(a.tools.peek('tool')).toBeUndefined();
    expect(await a.tools.get('tool')).toBeUndefined();
    await cluster.network.quiet();
    expect(await b.tools.get('tool')).toBeUndefined();
  });

  test('asked for again and again, it is committed, and the node goes on answering', async () => {
    for (let round = 0; round < 50; round++) await a.tools.clear('tool', { wait: 'local' });
    await a.tools.set('tool', 'new');
    expect(await a.tools.get('tool')).toBe('new');
    await waitFor(async () => (await b.tools.get('tool')) === 'new', { what: 'the value on another node' });
  });
});
