import { waitFor } from '@lockstep/testkit';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import type { TestCluster, TestNode } from './cluster.ts';
import { startCluster, warm } from './cluster.ts';

const unexpectedLoad = (): never => {
  throw new Error('the loader was asked');
};

describe('two nodes that share what loaders answer', () => {
  let cluster: TestCluster;
  let a: TestNode;
  let b: TestNode;

  beforeAll(async () => {
    cluster = await startCluster({ tools: { grace: '1h' } });
    [a, b] = cluster.nodes as [TestNode, TestNode];
  });

  afterAll(() => cluster[Symbol.asyncDispose]());

  test.each(['missing', 'denied'] as const)('"%s" is not asked for again on the other node', async (absence) => {
    await a.tools.lookup(absence, (context) => context[absence]());
    expect(await b.tools.lookup(absence, unexpectedLoad)).toMatchObject({ outcome: 'miss', absence });
    await b.tools.clear(absence);
    expect(await a.tools.getOrLoad(absence, () => 'now there is')).toBe('now there is');
  });

  test('a value that its loader confirms is fresh again, and no node hears of it', async () => {
    const loaded = await a.tools.lookup('confirmed', () => 'v');
    await b.tools.get('confirmed');
    await a.tools.expire('confirmed');
    await cluster.network.quiet();
    const before = b.lockstep.stats().eventsApplied;
    const stale: unknown[] = [];
    const confirmed = await b.tools.lookup('confirmed', (context) => {
      stale.push(context.stale);
      return context.notModified();
    });
    expect(stale).toEqual([{ value: 'v', version: (loaded as { version: string }).version }]);
    expect(confirmed).toMatchObject({ outcome: 'loaded', value: 'v', stale: false });
    expect(await a.tools.lookup('confirmed', unexpectedLoad)).toMatchObject({
      value: 'v',
      source: 'tier',
      stale: false,
    });
    await cluster.network.quiet();
    expect(b.lockstep.stats().eventsApplied).toBe(before);
  });

  test('how long a value stands in travels with it', async () => {
    const [one, other] = [a, b].map(({ lockstep }) => lockstep.namespace<string>('travels', { ttl: 50 }));
    await one?.getOrLoad('key', ({ answer }) => answer('old', { grace: '1h' }));
    await waitFor(async () => (await other?.explain('key'))?.answer === 'nothing', { what: 'the ttl to end' });
    const failing = (): never => {
      throw new Error('the origin is down');
    };
    expect(await other?.lookup('key', failing)).toMatchObject({ value: 'old', source: 'tier', stale: true });
  });

  test('a value that the schema of another release refuses is a miss, is counted, and is replaced', async () => {
    const older = a.lockstep.namespace<unknown>('released');
    const newer = b.lockstep.namespace('released', { schema: z.object({ id: z.number() }) });
    await older.set('key', { id: 'seven' });
    const before = b.lockstep.stats().entriesRejected;
    expect(await newer.get('key')).toBeUndefined();
    expect(b.lockstep.stats().entriesRejected).toBeGreaterThan(before);
    expect(await newer.getOrLoad('key', () => ({ id: 7 }))).toEqual({ id: 7 });
    await waitFor(async () => (await older.get('key')) !== undefined, { what: 'the value of the newer release' });
    expect(await older.get('key')).toEqual({ id: 7 });
  });

  test('a load ahead of time is made by one node for both', async () => {
    const options = { ttl: '1h', eagerRefresh: 0 } as const;
    const [one, other] = [a, b].map(({ lockstep }) => lockstep.namespace<string>('ahead', options));
    await one?.getOrLoad('key', () => 'old');
    await other?.get('key');
    const { promise, resolve } = Promise.withResolvers<string>();
    let asked = 0;
    const load = (): Promise<string> => {
      asked++;
      return promise;
    };
    expect(await one?.lookup('key', load)).toMatchObject({ value: 'old', stale: false });
    await waitFor(() => asked === 1, { what: 'the load ahead of time' });
    expect(await other?.lookup('key', load)).toMatchObject({ value: 'old', stale: false });
    resolve('new');
    await waitFor(async () => (await one?.get('key')) === 'new' && (await other?.get('key')) === 'new', {
      what: 'the new value on both nodes',
    });
    expect(asked).toBe(1);
  });

  test('a key is explained: where its answer comes from, and what speaks against an entry', async () => {
    await warm(a, 'explained', 'v');
    const near = await a.tools.explain('explained');
    expect(near).toMatchObject({ namespace: 'tools', answer: 'near', flights: 0 });
    expect(near.near).toMatchObject({ objection: undefined });
    expect(near.tier).toMatchObject({ objection: undefined, version: near.near?.version });
    expect(near.head).toBeGreaterThanOrEqual(near.applied ?? Number.POSITIVE_INFINITY);
    expect(await b.tools.explain('explained')).toMatchObject({ answer: 'tier', near: undefined });
    await a.tools.expire('explained');
    expect(await a.tools.explain('explained')).toMatchObject({
      answer: 'nothing',
      near: { objection: 'not-fresh', freshForMs: 0 },
      tier: { objection: 'not-fresh', freshForMs: 0 },
    });
    await a.lockstep.clear({ namespace: 'tools' });
    expect(await a.tools.explain('explained')).toMatchObject({ tier: { objection: 'cleared', standsInForMs: 0 } });
    expect(await a.tools.explain('never there')).toMatchObject({ answer: 'nothing', near: undefined, tier: undefined });
  });

  test('has and ttl tell what is there, on the node that wrote it and on the other', async () => {
    await a.tools.set('there', 'v', { ttl: '1h' });
    for (const { tools } of [a, b]) {
      expect(await tools.has('there')).toBe(true);
      const ttlMs = (await tools.ttl('there')) ?? 0;
      expect(ttlMs).toBeGreaterThan(3_000_000);
      expect(ttlMs).toBeLessThanOrEqual(3_600_000);
      expect([await tools.has('not there'), await tools.ttl('not there')]).toEqual([false, undefined]);
    }
  });

  test('ttl tells what the tier has, where the node has nothing near, or for a shorter time', async () => {
    await a.tools.set('far', 'v', { ttl: '1h' });
    expect(await b.tools.ttl('far')).toBeGreaterThan(3_000_000);
    expect(b.tools.peek('far')).toBeUndefined();
    const short = a.lockstep.namespace<string>('short-near', { ttl: '1h', nearTtl: '1m' });
    await short.set('near', 'v');
    expect(short.peek('near')).toBe('v');
    expect(await short.ttl('near')).toBeGreaterThan(3_000_000);
  });

  test.each(['expired', 'cleared with its tag'])('has and ttl tell of nothing where a value is %s', async (end) => {
    const tag = `tag of what is ${end}`;
    await a.tools.set(end, 'v', { ttl: '1h', tags: [tag] });
    expect(await b.tools.has(end)).toBe(true);
    await (end === 'expired' ? a.tools.expire(end) : a.lockstep.clear({ tag }));
    await cluster.network.quiet();
    for (const { tools } of [a, b]) expect([await tools.has(end), await tools.ttl(end)]).toEqual([false, undefined]);
  });
});
