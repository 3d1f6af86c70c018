import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TestCluster, TestNode } from './cluster.ts';
import { gate, startCluster } from './cluster.ts';

describe('many callers on three nodes miss the same key', () => {
  let cluster: TestCluster;
  let nodes: readonly TestNode[];

  beforeEach(async () => {
    cluster = await startCluster({ nodes: 3, tools: { leaseMs: 2_000 } });
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
