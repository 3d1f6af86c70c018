import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Namespace } from '../src/index.ts';
import type { TestCluster, TestNode } from './cluster.ts';
import { gate, startCluster, startNode } from './cluster.ts';

const TAGS = { tags: ['server:github'] };

describe('an expire of a scope', () => {
  let cluster: TestCluster;
  let a: TestNode;
  let b: TestNode;

  beforeAll(async () => {
    cluster = await startCluster({ tools: { grace: 60_000, graceRetry: 0 } });
    [a, b] = cluster.nodes as [TestNode, TestNode];
  });

  afterAll(() => cluster[Symbol.asyncDispose]());

  const failing = (): never => {
    throw new Error('the origin fails');
  };

  /** Loads a key on one node, and brings it near to both. */
  async function held(key: string, on: readonly Namespace<string>[] = [a.tools, b.tools]): Promise<void> {
    for (const tools of [...on, ...on]) await tools.getOrLoad(key, () => 'old', TAGS);
  }

  test.each([
    ['tag', { tag: 'server:github' }],
    ['namespace', { namespace: 'tools' }],
    ['everything', { everything: true }],
  ] as const)(
    '%s: no node answers its values as fresh, and what is loaded after is fresh (P1)',
    async (name, scope) => {
      await held(name);
      expect(await a.lockstep.expire(scope)).toMatchObject({ kind: 'expire', target: scope, committed: true });
      await cluster.network.quiet();
      expect([a.tools.peek(name), b.tools.peek(name)]).toEqual([undefined, undefined]);
      expect(await b.tools.get(name)).toBeUndefined();
      expect(await b.tools.getOrLoad(name, () => 'new', TAGS)).toBe('new');
      expect(await a.tools.lookup(name, failing)).toMatchObject({ value: 'new', stale: false });
    },
  );

  test('its values stand in, marked stale, for loads that fail, on every node', async () => {
    await held('fallback');
    await a.lockstep.expire({ tag: 'server:github' });
    await cluster.network.quiet();
    for (const { tools } of [a, b]) {
      expect(await tools.lookup('fallback', failing)).toMatchObject({ value: 'old', stale: true, degraded: false });
    }
    await a.lockstep.clear({ tag: 'server:github' });
    await expect(a.tools.getOrLoad('fallback', failing)).rejects.toMatchObject({ code: 'loader-failed' });
  });

  test('the same value loaded again is fresh from then on', async () => {
    await held('renewed');
    await b.lockstep.expire({ tag: 'server:github' });
    await cluster.network.quiet();
    expect(await a.tools.lookup('renewed', () => 'old', TAGS)).toMatchObject({ outcome: 'loaded' });
    expect(await b.tools.lookup('renewed', failing)).toMatchObject({ value: 'old', stale: false });
  });

  test('values of other scopes stay fresh', async () => {
    await a.tools.getOrLoad('untagged', () => 'kept');
    await b.lockstep.expire({ tag: 'server:github' });
    await cluster.network.quiet();
    expect(a.tools.peek('untagged')).toBe('kept');
  });

  test('a load that began before it is not fresh for those who ask after it (P4)', async () => {
    const [began, may] = [gate(), gate()];
    const load = async (): Promise<string> => {
      began.open();
      await may.passed;
      return 'old';
    };
    const early = a.tools.lookup('overtaken', load, TAGS);
    await began.passed;
    await b.lockstep.expire({ namespace: 'tools' });
    await cluster.network.quiet();
    may.open();
    expect(await early).toMatchObject({ value: 'old' });
    expect(await a.tools.get('overtaken')).toBeUndefined();
    expect(await b.tools.get('overtaken')).toBeUndefined();
  });

  test('explain tells why its values are not answered', async () => {
    await held('explained');
    await a.lockstep.expire({ tag: 'server:github' });
    const { near, tier } = await a.tools.explain('explained');
    expect(near).toMatchObject({ objection: 'not-fresh', freshForMs: 0 });
    expect(tier).toMatchObject({ objection: 'not-fresh', freshForMs: 0 });
    expect((near?.standsInForMs ?? 0) > 0).toBe(true);
  });

  test('a node that starts after it knows of it', async () => {
    await held('late', [a.tools]);
    await a.lockstep.expire({ tag: 'server:github' });
    const c = await startNode(cluster.redis, cluster.network, { tools: { grace: 60_000 } });
    expect(await c.tools.get('late')).toBeUndefined();
    expect(await c.tools.lookup('late', failing)).toMatchObject({ value: 'old', stale: true });
    await c.lockstep.close();
    await c.proxy.close();
  });
});
