import type { Namespace } from '@lockstep/cache';
import { CacheError, ConfigError } from '@lockstep/cache';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { TestCluster, TestClusterOptions, TestNode } from '../src/index.ts';
import { createTestCluster } from '../src/index.ts';

/** Three nodes, and the namespace that each has open; closed with the test. */
async function opened(options: TestClusterOptions = {}) {
  const cluster: TestCluster = await createTestCluster(options);
  onTestFinished(() => cluster[Symbol.asyncDispose]());
  const nodes = [...cluster.nodes];
  const tools = nodes.map(({ lockstep }) => lockstep.namespace<string>('tools', { ttl: '1m', grace: '10m' }));
  return { cluster, nodes: nodes as ThreeOf<TestNode>, tools: tools as ThreeOf<Namespace<string>> };
}

type ThreeOf<T> = [T, T, T];

const failing = (): never => {
  throw new Error('the origin fails');
};

describe('a test cluster', () => {
  test('opens nodes that have joined, on one tier and one bus; no time passes by that', async () => {
    const { cluster, nodes, tools } = await opened();
    expect(cluster.nowMs).toBe(0);
    expect(nodes.map(({ lockstep }) => lockstep.coherence.state)).toEqual(['coherent', 'coherent', 'coherent']);
    await tools[0].set('key', 'value');
    expect(await tools[1].get('key')).toBe('value');
    expect(await tools[2].get('key')).toBe('value');
    expect(cluster.nowMs).toBe(0);
  });

  test('lets a clear reach the other nodes once everything that takes no time has happened', async () => {
    const { cluster, tools } = await opened();
    await tools[0].set('key', 'value');
    await cluster.settle();
    await tools[1].get('key');
    expect(tools[1].peek('key')).toBe('value');
    await tools[0].clear('key');
    await cluster.settle();
    expect(tools[1].peek('key')).toBeUndefined();
  });

  test('loads once for all nodes, also by a loader that takes its time', async () => {
    const { tools } = await opened();
    let loads = 0;
    const load = async (): Promise<string> => {
      loads++;
      await new Promise((resolve) => setImmediate(resolve));
      return 'loaded';
    };
    expect(await Promise.all(tools.map((one) => one.getOrLoad('key', load)))).toEqual(['loaded', 'loaded', 'loaded']);
    expect(loads).toBe(1);
  });

  test('moves time for lives and graces alone when it is told to', async () => {
    const { cluster, tools } = await opened();
    await tools[0].set('key', 'value');
    await cluster.advance('59s');
    expect(await tools[1].get('key')).toBe('value');
    await cluster.advance('2s');
    expect(await tools[1].get('key')).toBeUndefined();
    expect(await tools[1].lookup('key', failing)).toMatchObject({ value: 'value', stale: true });
    await cluster.advance('10m');
    await expect(tools[1].getOrLoad('key', failing)).rejects.toMatchObject({ code: 'loader-failed' });
    expect(cluster.nowMs).toBe(661_000);
  });

  test('is the same for the same seed, and another one for another', async () => {
    const ids = async (seed: number): Promise<readonly string[]> => {
      const { nodes } = await opened({ seed });
      return nodes.map(({ lockstep }) => lockstep.nodeId);
    };
    expect(await ids(7)).toEqual(await ids(7));
    expect(await ids(8)).not.toEqual(await ids(7));
  });

  test('gives options to all nodes, and others to one that is added later', async () => {
    const { cluster } = await opened({ nodes: 1, node: { maxStaleness: '1s' } });
    const added = await cluster.addNode({ maxStaleness: '500ms' });
    expect(cluster.nodes).toHaveLength(2);
    cluster.tier.cut();
    await cluster.advance('700ms');
    const states = cluster.nodes.map(({ lockstep }) => lockstep.coherence.state);
    expect(states).toEqual(['coherent', 'degraded']);
    expect(added.number).toBe(1);
  });

  test.each([
    [{ nodes: 0 }, 'nodes: got 0'],
    [{ nodes: 17 }, 'nodes: got 17'],
    [{ seed: 0.5 }, 'seed: got 0.5'],
    [{ node: { partitions: 0 } }, 'partitions: got 0'],
  ])('refuses %j', async (options, message) => {
    await expect(createTestCluster(options)).rejects.toThrow(ConfigError);
    await expect(createTestCluster(options)).rejects.toThrow(message);
  });

  test('refuses to let no time pass', async () => {
    const { cluster } = await opened({ nodes: 1 });
    await expect(cluster.advance('soon' as '1s')).rejects.toThrow('advance: got "soon"');
    await expect(cluster.advance(-1)).rejects.toThrow('advance: got -1');
  });
});

describe('faults of the bus', () => {
  test('lost: a value goes at the latest when the staleness bound is over', async () => {
    const { cluster, nodes, tools } = await opened();
    await tools[0].set('key', 'old');
    await cluster.settle();
    await tools[1].get('key');
    cluster.bus.lose(nodes[1]);
    await tools[0].set('key', 'new');
    await cluster.settle();
    expect(tools[1].peek('key')).toBe('old');
    await cluster.advance('2s');
    expect(tools[1].peek('key')).toBeUndefined();
    expect(await tools[1].get('key')).toBe('new');
    cluster.bus.restore();
    await tools[0].set('key', 'newest');
    await cluster.settle();
    expect(await tools[1].get('key')).toBe('newest');
  });

  test('lost for all: also between nodes that are added later', async () => {
    const { cluster } = await opened({ nodes: 1 });
    cluster.bus.lose();
    const [one, other] = await Promise.all([cluster.addNode(), cluster.addNode()]);
    await one.lockstep.clear({ everything: true });
    await cluster.settle();
    expect(other.lockstep.stats().messagesReceived).toBe(0);
  });

  test('disconnected: the node knows, and is isolated where the tier is away as well', async () => {
    const { cluster, nodes } = await opened();
    cluster.bus.disconnect(nodes[1]);
    cluster.tier.cut(nodes[1]);
    await cluster.advance('3s');
    expect(nodes.map(({ lockstep }) => lockstep.coherence.state)).toEqual(['coherent', 'isolated', 'coherent']);
    cluster.tier.restore();
    cluster.bus.restore();
    await cluster.advance('1s');
    expect(nodes[1].lockstep.coherence.state).toBe('coherent');
  });

  test('disconnected for all: a node that is added later has none either', async () => {
    const { cluster } = await opened({ nodes: 1 });
    cluster.bus.disconnect();
    const added = await cluster.addNode();
    cluster.tier.cut();
    await cluster.advance('3s');
    expect(added.lockstep.coherence.state).toBe('isolated');
  });

  test('delayed: a clear arrives when its time has come', async () => {
    const { cluster, tools } = await opened();
    await tools[0].set('key', 'old');
    await cluster.settle();
    await tools[1].get('key');
    cluster.bus.delay('100ms');
    await tools[0].clear('key');
    await cluster.advance('99ms');
    expect(tools[1].peek('key')).toBe('old');
    await cluster.advance('1ms');
    expect(tools[1].peek('key')).toBeUndefined();
  });

  test('repeated: every message comes twice, and nothing happens twice', async () => {
    const { cluster, nodes, tools } = await opened();
    const received = (): number => nodes[1].lockstep.stats().messagesReceived;
    const before = received();
    cluster.bus.repeat();
    await tools[0].set('key', 'value');
    await cluster.settle();
    expect(received() - before).toBe(2);
    expect(await tools[1].get('key')).toBe('value');
  });
});

describe('faults of the tier', () => {
  test('cut: answers are marked once the bound is over, writes are refused at once, and all is well after it', async () => {
    const { cluster, nodes, tools } = await opened();
    await tools[1].set('key', 'value');
    cluster.tier.cut(nodes[1]);
    await expect(tools[1].set('key', 'other')).rejects.toMatchObject({ code: 'tier-unavailable' });
    await cluster.advance('3s');
    expect(await tools[1].lookup('key', () => 'loaded')).toMatchObject({ value: 'loaded', degraded: true });
    expect(await tools[0].get('key')).toBe('value');
    cluster.tier.restore();
    // What was loaded meanwhile is answered for degradedTtl.
    await cluster.advance('2s');
    expect(await tools[1].lookup('key')).toMatchObject({ value: 'value', degraded: false });
  });

  test('stalled: calls reject when their time is over', async () => {
    const { cluster, tools } = await opened();
    cluster.tier.stall();
    const writing = tools[0].set('key', 'value').catch((error: unknown) => error);
    await cluster.advance('249ms');
    expect(await Promise.race([writing, 'waiting'])).toBe('waiting');
    await cluster.advance('1ms');
    expect(await writing).toBeInstanceOf(CacheError);
  });

  test('flushed: nothing of before is answered once the nodes have noticed', async () => {
    const { cluster, tools } = await opened();
    await tools[0].set('key', 'value');
    cluster.tier.flush();
    await cluster.advance('2s');
    for (const one of tools) expect(await one.get('key')).toBeUndefined();
  });

  test('failed over: what was committed in the span that is lost is gone, and the rest is there', async () => {
    const { cluster, tools } = await opened();
    await tools[0].set('kept', 'value');
    await cluster.advance('1s');
    await tools[0].set('lost', 'value');
    cluster.tier.failOver({ losing: '500ms' });
    await cluster.advance('2s');
    expect([await tools[1].get('kept'), await tools[1].get('lost')]).toEqual(['value', undefined]);
    cluster.tier.failOver();
    await cluster.advance('2s');
    expect(await tools[1].get('kept')).toBe('value');
  });

  test('failed over without its last minute: that is the most that a replica lacks', async () => {
    const { cluster, tools } = await opened();
    await tools[0].set('kept', 'value', { ttl: '1h' });
    await cluster.advance('3m');
    await tools[0].set('lost', 'value', { ttl: '1h' });
    await cluster.advance('59s');
    expect(() => cluster.tier.failOver({ losing: '61s' })).toThrow(/losing: got 61000 ms, takes at most a minute/);
    cluster.tier.failOver({ losing: '1m' });
    await cluster.advance('2s');
    expect([await tools[1].get('kept'), await tools[1].get('lost')]).toEqual(['value', undefined]);
  });

  test('failed over while time stands still: what takes the place of the lost write is another one, and is seen', async () => {
    const { cluster, nodes, tools } = await opened();
    await cluster.advance('1s');
    cluster.bus.lose(nodes[1]);
    await tools[1].set('key', 'lost');
    cluster.tier.failOver({ losing: '500ms' });
    await tools[0].set('key', 'new');
    await cluster.advance('3s');
    expect(await tools[1].get('key')).toBe('new');
  });

  test('evicted: an entry is gone from the tier, and may be near still', async () => {
    const { cluster, tools } = await opened();
    await tools[0].set('key', 'value');
    cluster.tier.evict();
    expect(await tools[1].get('key')).toBeUndefined();
    expect(await tools[0].get('key')).toBe('value');
  });
});

describe('faults of a node', () => {
  test('paused: it hears nothing, serves nothing old when it wakes, and a fence does not wait for it for ever', async () => {
    const { cluster, nodes, tools } = await opened({ node: { deltaMax: '3s' } });
    await tools[0].set('key', 'old');
    await cluster.settle();
    await tools[1].get('key');
    await cluster.advance('7s');
    nodes[1].pause();
    const clearing = tools[0].clear('key', { wait: 'fenced' });
    await cluster.advance('4s');
    const { fence } = await clearing;
    expect(fence).toMatchObject({ by: 'time', members: { [nodes[1].lockstep.nodeId]: 'fenced out' } });
    nodes[1].resume();
    expect(tools[1].peek('key')).toBeUndefined();
    await cluster.advance('1s');
    expect(nodes[1].lockstep.coherence.state).toBe('coherent');
  });

  test('crashed: it is no node of the cluster any more, and the others go on', async () => {
    const { cluster, nodes, tools } = await opened();
    nodes[2].crash();
    expect(cluster.nodes).toEqual([nodes[0], nodes[1]]);
    await tools[0].set('key', 'value');
    expect(await tools[1].get('key')).toBe('value');
    const added = await cluster.addNode();
    const late = added.lockstep.namespace<string>('tools', { ttl: '1m' });
    expect(await late.get('key')).toBe('value');
  });

  test('what a paused node is asked reaches the tier when it runs again, and what a crashed one is asked never does', async () => {
    const { cluster, nodes, tools } = await opened();
    nodes[0].pause();
    nodes[2].crash();
    const asked = [tools[0].set('key', 'of the paused one'), tools[2].set('key', 'of the crashed one')];
    await cluster.advance('1s');
    expect(await tools[1].get('key')).toBeUndefined();
    nodes[0].resume();
    await asked[0];
    await cluster.settle();
    expect(await tools[1].get('key')).toBe('of the paused one');
    await cluster.advance('1m');
    expect(await Promise.race([asked[1], Promise.resolve('no answer')])).toBe('no answer');
    expect(await tools[1].get('key')).toBeUndefined();
  });

  test('added while the tier is away: it opens degraded, and joins when the tier is back', async () => {
    const { cluster } = await opened({ nodes: 1 });
    cluster.tier.cut();
    const added = await cluster.addNode({ joinTimeout: '500ms' });
    expect(added.lockstep.coherence.state).toBe('degraded');
    cluster.tier.restore();
    await cluster.advance('2s');
    expect(added.lockstep.coherence.state).toBe('coherent');
  });
});

test('closing the cluster closes every node, whatever befell it', async () => {
  const { cluster, nodes, tools } = await opened();
  nodes[0].pause();
  nodes[1].crash();
  cluster.tier.stall();
  cluster.bus.lose();
  await cluster[Symbol.asyncDispose]();
  await expect(tools[0].get('key')).rejects.toMatchObject({ code: 'closed' });
});
