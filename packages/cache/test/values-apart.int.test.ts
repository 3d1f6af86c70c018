import { waitFor } from '@lockstep/testkit';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Namespace } from '../src/index.ts';
import type { TestCluster } from './cluster.ts';
import { startCluster } from './cluster.ts';
import { openLocal } from './local.ts';

describe('a namespace that is not shared', () => {
  let cluster: TestCluster;
  let a: Namespace<string>;
  let b: Namespace<string>;

  beforeEach(async () => {
    cluster = await startCluster({ node: { deltaMax: 1_000 }, tools: { shared: false } });
    [a, b] = cluster.nodes.map(({ tools }) => tools) as [Namespace<string>, Namespace<string>];
  });

  afterEach(() => cluster[Symbol.asyncDispose]());

  const near = (): (string | undefined)[] => [a.peek('token'), b.peek('token')];

  async function loadBoth(): Promise<void> {
    await a.getOrLoad('token', () => 'of a', { tags: ['github'] });
    await b.getOrLoad('token', () => 'of b', { tags: ['github'] });
    expect(near()).toEqual(['of a', 'of b']);
  }

  test('each node loads for itself, and the tier holds no entry of it', async () => {
    await loadBoth();
    expect(await b.lookup('token')).toMatchObject({ outcome: 'hit', source: 'near', value: 'of b', version: '' });
    expect(await b.get('another')).toBeUndefined();
    const redis = new Redis(cluster.redis.url);
    const keys = await redis.keys('*');
    redis.disconnect();
    expect(keys.length).toBeGreaterThan(0);
    expect(keys.filter((key) => key.includes('tools'))).toEqual([]);
  });

  test.each<[string, () => Promise<unknown>]>([
    ['a clear of the key', () => a.clear('token')],
    ['a clear of a tag', () => cluster.nodes[0]?.lockstep.clear({ tag: 'github' }) as Promise<unknown>],
    ['a clear of the namespace', () => cluster.nodes[0]?.lockstep.clear({ namespace: 'tools' }) as Promise<unknown>],
    ['an expire of the key', () => a.expire('token')],
  ])('%s ends the values of all nodes, also where the bus has lost it', async (_, end) => {
    await loadBoth();
    await end();
    await waitFor(() => near().every((value) => value === undefined), { what: 'no node to answer' });
    await loadBoth();
    cluster.network.decide(() => 'drop');
    await end();
    await waitFor(() => near().every((value) => value === undefined), { what: 'no node to answer' });
  });

  test('when a fenced clear resolves, no node has the value, and no load that had begun brings it back', async () => {
    await loadBoth();
    await b.clear('token');
    const answer = Promise.withResolvers<string>();
    const loading = b.getOrLoad('token', () => answer.promise);
    await a.clear('token', { wait: 'fenced' });
    answer.resolve('loaded before the clear');
    expect(await loading).toBe('loaded before the clear');
    expect(near()).toEqual([undefined, undefined]);
  });

  test('a set keeps the value on its node, and drops the key on the others', async () => {
    await loadBoth();
    await a.set('token', 'set');
    expect(a.peek('token')).toBe('set');
    await waitFor(() => b.peek('token') === undefined, { what: 'the other node to drop its own' });
    expect(await b.get('token')).toBeUndefined();
    expect(await a.get('token')).toBe('set');
  });

  test('is counted and previewed on each node by itself, and has no versions', async () => {
    await loadBoth();
    await a.getOrLoad('second', () => 'of a');
    const [{ lockstep: ofA }, { lockstep: ofB }] = cluster.nodes as [
      (typeof cluster.nodes)[0],
      (typeof cluster.nodes)[0],
    ];
    expect([await ofA.count('tools'), await ofB.count('tools')]).toEqual([2, 1]);
    expect([(await ofA.preview({ everything: true })).entries, (await ofB.preview({ tag: 'github' })).entries]).toEqual(
      [2, 1],
    );
    await expect(a.compareAndSet('token', '', 'x')).rejects.toMatchObject({ code: 'config-invalid' });
    await expect(a.compareAndClear('token', '')).rejects.toMatchObject({ code: 'config-invalid' });
  });

  test('many keys are loaded together, and not asked of the tier', async () => {
    const load = async ({ keys }: { readonly keys: readonly string[] }) => new Map(keys.map((key) => [key, `${key}!`]));
    expect(await a.getOrLoadMany(['x', 'y'], load)).toEqual(
      new Map([
        ['x', 'x!'],
        ['y', 'y!'],
      ]),
    );
    expect([a.peek('x'), a.peek('y')]).toEqual(['x!', 'y!']);
    expect(await b.getMany(['x', 'y'])).toEqual(new Map());
  });

  test('while the tier is away nodes load on, and mark what they cannot vouch for', async () => {
    await loadBoth();
    await cluster.redis.stop();
    await waitFor(() => a.peek('token') === undefined, { what: 'the bound to run out' });
    // Another one: what was loaded within Δ may be answered, marked, as it is.
    expect(await a.lookup('other', () => 'anew')).toMatchObject({ outcome: 'loaded', value: 'anew', degraded: true });
  });
});

test('a value that only its node has is loaded ahead of time, and nobody waits for that', async () => {
  const { lockstep, clock } = await openLocal();
  const tokens = lockstep.namespace<string>('tokens', { shared: false, ttl: 1_000, eagerRefresh: 0.5 });
  const values = ['first', 'second'];
  const load = (): string => values.shift() as string;
  expect(await tokens.getOrLoad('token', load)).toBe('first');
  await clock.run(600);
  expect(await tokens.getOrLoad('token', load)).toBe('first');
  await clock.run(1);
  expect(tokens.peek('token')).toBe('second');
});

test('it may hold secrets on a node that has no keys: none of them leaves it', async () => {
  const { lockstep } = await openLocal();
  expect(() => lockstep.namespace('tokens', { secret: true })).toThrow(/encryptionKeys/);
  const tokens = lockstep.namespace<string>('tokens', { secret: true, shared: false });
  await tokens.set('token', 'a secret');
  expect(tokens.peek('token')).toBe('a secret');
  expect(() => lockstep.namespace('others', { shared: 'no' as unknown as boolean })).toThrow(/shared: got "no"/);
});
