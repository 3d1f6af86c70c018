import { waitFor } from '@lockstep/testkit';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TestCluster, TestNode } from './cluster.ts';
import { gate, startCluster } from './cluster.ts';

describe('a load that an invalidation overtakes', () => {
  let cluster: TestCluster;
  let a: TestNode;
  let b: TestNode;

  beforeEach(async () => {
    cluster = await startCluster();
    [a, b] = cluster.nodes as [TestNode, TestNode];
  });

  afterEach(() => cluster[Symbol.asyncDispose]());

  /** Begins a load on A that has read the origin's old value, and lets it end when the gate opens. */
  async function slowLoad(tags: readonly string[] = []): Promise<{ finish(): Promise<string> }> {
    const [began, may] = [gate(), gate()];
    const answer = a.tools.getOrLoad(
      'tool',
      async () => {
        began.open();
        await may.passed;
        return 'old';
      },
      { tags },
    );
    await began.passed;
    return {
      finish: () => {
        may.open();
        return answer;
      },
    };
  }

  test.each(['a', 'b'])('is stored nowhere when the key was cleared on node %s meanwhile (P4)', async (where) => {
    const load = await slowLoad();
    await (where === 'a' ? a : b).tools.clear('tool');
    expect(await load.finish()).toBe('old');
    expect(a.tools.peek('tool')).toBeUndefined();
    expect(await b.tools.get('tool')).toBeUndefined();
    expect(await a.tools.getOrLoad('tool', () => 'new')).toBe('new');
  });

  test('is stored nowhere when the clear reached its node by no message (P4)', async () => {
    const load = await slowLoad();
    cluster.network.decide(() => 'drop');
    await b.tools.clear('tool');
    expect(await load.finish()).toBe('old');
    expect(await a.tools.get('tool')).toBeUndefined();
    expect(await b.tools.get('tool')).toBeUndefined();
  });

  test.each([
    ['its tag', { tag: 'server:x' }],
    ['its namespace', { namespace: 'tools' }],
    ['everything', { everything: true }],
  ] as const)('is answered to nobody who asks later when %s was cleared meanwhile (P4)', async (_, scope) => {
    const load = await slowLoad(['server:x']);
    await b.lockstep.clear(scope);
    await cluster.network.quiet();
    expect(await load.finish()).toBe('old');
    expect(a.tools.peek('tool')).toBeUndefined();
    expect(await b.tools.get('tool')).toBeUndefined();
    expect(await a.tools.get('tool')).toBeUndefined();
  });

  test('does not overwrite what was set meanwhile', async () => {
    const load = await slowLoad();
    await b.tools.set('tool', 'new');
    await load.finish();
    expect([await a.tools.get('tool'), await b.tools.get('tool')]).toEqual(['new', 'new']);
  });

  test.each([
    ['the key', () => b.tools.clear('tool')],
    ['its tag', () => b.lockstep.clear({ tag: 'server:x' })],
    ['everything', () => b.lockstep.clear({ everything: true })],
  ])('is not joined by callers who come after a clear of %s (P4)', async (_, clear) => {
    const load = await slowLoad(['server:x']);
    await clear();
    await cluster.network.quiet();
    const later = a.tools.getOrLoad('tool', () => 'new');
    expect(await load.finish()).toBe('old');
    expect(await later).toBe('new');
  });
});

describe('an answer of the tier that a clear overtakes on its way', () => {
  test('is not kept near (P1)', async () => {
    await using cluster = await startCluster({ node: { maxStaleness: 2_000 } });
    const [a, b] = cluster.nodes as [TestNode, TestNode];
    const redis = new Redis(cluster.redis.url);
    const scriptsRun = async (): Promise<number> => {
      return Number(/cmdstat_evalsha:calls=(\d+)/.exec(await redis.info('commandstats'))?.[1] ?? 0);
    };
    await b.tools.set('tool', 'old');
    await a.tools.get('another');
    const before = await scriptsRun();
    a.proxy.stall('down');
    const reading = a.tools.get('tool');
    await waitFor(async () => (await scriptsRun()) > before, { what: 'the read at the tier' });
    await b.tools.clear('tool');
    await cluster.network.quiet();
    a.proxy.restore();
    await reading;
    expect(a.tools.peek('tool')).toBeUndefined();
    redis.disconnect();
  });
});
