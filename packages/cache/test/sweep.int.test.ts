import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Preview, PreviewOptions, SweepReport } from '../src/index.ts';
import type { TestCluster, TestNode } from './cluster.ts';
import { startCluster } from './cluster.ts';

let cluster: TestCluster;
let a: TestNode;
let b: TestNode;

beforeAll(async () => {
  cluster = await startCluster();
  [a, b] = cluster.nodes as [TestNode, TestNode];
});

afterAll(() => cluster[Symbol.asyncDispose]());

/** Writes `count` values under a tag. */
async function write(tag: string, count: number): Promise<void> {
  const values = Array.from({ length: count }, (_, index) => [`${tag}-${index}`, 'v'.repeat(100)] as const);
  await a.tools.setMany(values, { tags: [tag] });
}

describe('a preview of a clear', () => {
  test('tells how many values it would end, how large, and some of them; and changes nothing', async () => {
    await write('red', 40);
    await write('blue', 3);
    const red = await a.lockstep.preview({ tag: 'red' }, { sample: 5 });
    expect(red).toMatchObject({ scope: { tag: 'red' }, entries: 40, complete: true });
    expect(red.bytes).toBeGreaterThan(40 * 100);
    expect(new Set(red.sample.map(({ keyId }) => keyId)).size).toBe(5);
    for (const { key, namespace } of red.sample)
      expect([key, namespace]).toEqual([expect.stringMatching(/^red-/), 'tools']);
    expect((await a.lockstep.preview({ namespace: 'tools' })).entries).toBe(43);
    expect((await a.lockstep.preview({ everything: true })).entries).toBe(43);
    expect(await a.tools.get('red-0')).toBe('v'.repeat(100));
  });

  test('names no key that this node does not have near: the tier has none', async () => {
    const { sample } = await b.lockstep.preview({ tag: 'blue' });
    expect(sample).toHaveLength(3);
    expect(sample.map(({ key }) => key)).toEqual([undefined, undefined, undefined]);
  });

  test('does not count what was cleared already', async () => {
    await a.lockstep.clear({ tag: 'red' });
    expect(await b.lockstep.preview({ tag: 'red' })).toMatchObject({ entries: 0, sample: [], complete: true });
  });

  test('that comes to its limit says that it has not seen everything', async () => {
    await write('many', 1_500);
    const seen: Preview = await a.lockstep.preview({ tag: 'many' }, { limit: 200 });
    expect(seen.complete).toBe(false);
    expect(seen.entries).toBeLessThan(1_500);
  });

  test.each([
    [{ limit: 0 }, 'limit: got 0'],
    [{ sample: -1 }, 'sample: got -1'],
    [{ sampel: 1 }, 'sampel: there is no such option'],
  ])('refuses %j', async (options, message) => {
    await expect(a.lockstep.preview({ everything: true }, options as PreviewOptions)).rejects.toThrow(
      `preview: ${message}`,
    );
  });

  test('of no scope is refused as a clear is', async () => {
    await expect(a.lockstep.preview({ tag: '' })).rejects.toMatchObject({ code: 'config-invalid' });
  });
});

describe('a sweep', () => {
  /** How many entries the tier holds, dead or alive. */
  const held = async (): Promise<number> => {
    const { keys = 0 } = (await a.lockstep.tierInfo()) ?? {};
    return keys;
  };

  test('takes from the tier what a clear of a scope has killed, and nothing else', async () => {
    await a.lockstep.clear({ everything: true });
    await a.lockstep.sweep();
    await write('dead', 500);
    await write('alive', 20);
    const before = await held();
    await b.lockstep.clear({ tag: 'dead' });
    const report = await b.lockstep.sweep();
    expect(report).toMatchObject({ reclaimed: 500, cursor: undefined });
    expect(report.reclaimedBytes).toBeGreaterThan(500 * 100);
    expect(await held()).toBe(before - 500);
    expect(await b.tools.get('alive-7')).toBe('v'.repeat(100));
    expect(await a.lockstep.sweep()).toMatchObject({ reclaimed: 0 });
  });

  test('goes on from where an earlier one, on any node, came to its limit', async () => {
    await write('dead', 1_000);
    await a.lockstep.clear({ tag: 'dead' });
    const reports: SweepReport[] = [await a.lockstep.sweep({ limit: 100 })];
    while (reports.at(-1)?.cursor !== undefined) {
      const node = reports.length % 2 === 0 ? a : b;
      reports.push(await node.lockstep.sweep({ limit: 100, cursor: reports.at(-1)?.cursor as string }));
    }
    expect(reports.length).toBeGreaterThan(3);
    expect(reports.reduce((sum, { reclaimed }) => sum + reclaimed, 0)).toBe(1_000);
  });

  test('what an expire of a scope left as a fallback stays', async () => {
    await write('expired', 5);
    await a.lockstep.expire({ tag: 'expired' });
    expect(await a.lockstep.sweep()).toMatchObject({ reclaimed: 0 });
  });

  test('what is loaded again after it reaches the nodes that held the old value', async () => {
    await a.tools.set('swept', 'old', { tags: ['swept'] });
    await a.lockstep.clear({ tag: 'swept' });
    await a.lockstep.sweep();
    expect(await b.tools.getOrLoad('swept', () => 'new')).toBe('new');
    expect(await a.tools.get('swept')).toBe('new');
  });

  test.each([
    [{ limit: 1.5 }, 'sweep: limit: got 1.5'],
    [{ cursor: 'nonsense' }, 'cursor: got "nonsense"'],
  ])('refuses %j', async (options, message) => {
    await expect(a.lockstep.sweep(options)).rejects.toThrow(message);
  });

  test('refuses to judge where its node cannot reach the tier', async () => {
    a.proxy.cut();
    await expect(a.lockstep.sweep()).rejects.toMatchObject({ code: 'tier-unavailable' });
    await expect(a.lockstep.preview({ everything: true })).rejects.toMatchObject({ code: 'tier-unavailable' });
    a.proxy.restore();
  });
});
