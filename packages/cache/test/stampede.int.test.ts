import { waitFor } from '@lockstep/testkit';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TestCluster, TestNode } from './cluster.ts';
import { gate, startCluster } from './cluster.ts';

describe('many callers on three nodes miss the same key', () => {
  let cluster: TestCluster;
  let nodes: readonly TestNode[];

  beforeEach(async () => {
    cluster = await startCluster({ nodes: 3, tools: { lease: 10_000 } });
    nodes = cluster.nodes;
  });

  afterEach(() => cluster[Symbol.asyncDispose]());

  test('one load answers them all (P5)', async () => {
    let loads = 0;
    const may = gate();
    const callers = Array.from({ length: 300 }, (_, index) =>
      (nodes[index % 3] as TestNode).tools.getOrLoad('cold', async () => {
        loads++;
        await may.passed;
        return 'value';
      }),
    );
    setImmediate(() => may.open());
    expect(new Set(await Promise.all(callers))).toEqual(new Set(['value']));
    expect(loads).toBe(1);
  });

  test('those who wait are answered also when the bus carries nothing (P5)', async () => {
    cluster.network.decide(() => 'drop');
    let loads = 0;
    const callers = nodes.map(({ tools }) => tools.getOrLoad('cold', () => `value ${++loads}`));
    expect(new Set(await Promise.all(callers))).toEqual(new Set(['value 1']));
  });

  test('one load answers them all, however long it takes, where a clear left a dead entry in the tier (P5)', async () => {
    const [a] = nodes as [TestNode, TestNode, TestNode];
    await a.tools.set('cold', 'old', { tags: ['server:x'] });
    await a.lockstep.clear({ tag: 'server:x' });
    await cluster.network.quiet();
    let reads = 0;
    const redis = new Redis(cluster.redis.url);
    const monitor = await redis.monitor();
    monitor.on('monitor', (_, call: readonly string[]) => {
      if (call[0] === 'evalsha' && call.some((argument) => argument.includes(':entry:'))) reads++;
    });

    let loads = 0;
    const may = gate();
    const load = async (): Promise<string> => {
      loads++;
      await may.passed;
      return 'new';
    };
    const callers = nodes.map(({ tools }) => tools.getOrLoad('cold', load, { tags: ['server:x'] }));
    await waitFor(() => reads >= 20 || loads > 1, { what: 'many polls of those who wait' });
    may.open();
    expect(new Set(await Promise.all(callers))).toEqual(new Set(['new']));
    expect(loads).toBe(1);
    monitor.disconnect();
    redis.disconnect();
  });

  test('another node loads when the first one fails, and only the first caller hears of it', async () => {
    const [began, may] = [gate(), gate()];
    const [a, b] = nodes as [TestNode, TestNode, TestNode];
    const failing = a.tools.getOrLoad('cold', async () => {
      began.open();
      await may.passed;
      throw new Error('origin said no');
    });
    await began.passed;
    const waiting = b.tools.getOrLoad('cold', () => 'value');
    may.open();
    await expect(failing).rejects.toMatchObject({ code: 'loader-failed', cause: new Error('origin said no') });
    expect(await waiting).toBe('value');
  });

  test('a burst of lookups of what the tier has goes to the tier, and not to the origin', async () => {
    const [a, b] = nodes as [TestNode, TestNode, TestNode];
    const keys = Array.from({ length: 2_000 }, (_, index) => `key-${index}`);
    for (const key of keys) await a.tools.set(key, 'v');
    let loads = 0;
    const load = (): string => `loaded ${++loads}`;
    const values = await Promise.all(keys.map((key) => b.tools.getOrLoad(key, load)));
    expect([new Set(values), loads]).toEqual([new Set(['v']), 0]);
  });

  test('a caller who leaves does not end the load for the others', async () => {
    const may = gate();
    const [a] = nodes as [TestNode, TestNode, TestNode];
    const leaving = new AbortController();
    const load = async (): Promise<string> => {
      await may.passed;
      return 'value';
    };
    const left = a.tools.getOrLoad('cold', load, { signal: leaving.signal });
    const stayed = a.tools.getOrLoad('cold', load);
    leaving.abort(new Error('gone'));
    await expect(left).rejects.toThrow('gone');
    may.open();
    expect(await stayed).toBe('value');
  });
});
