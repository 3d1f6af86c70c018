import { CacheError } from '@lockstep/cache';
import { describe, expect, test } from 'vitest';
import { opened } from './opened-cluster.ts';

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
