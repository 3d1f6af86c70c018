import { ConfigError } from '@lockstep/cache';
import { describe, expect, test } from 'vitest';
import { createTestCluster } from '../src/index.ts';
import { opened } from './opened-cluster.ts';

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
