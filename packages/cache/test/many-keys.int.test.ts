import { waitFor } from '@lockstep/testkit';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { LoadManyContext } from '../src/index.ts';
import { BatchError } from '../src/index.ts';
import type { TestCluster, TestNode } from './cluster.ts';
import { gate, startCluster, warm } from './cluster.ts';

let cluster: TestCluster;
let redis: Redis;
let a: TestNode;
let b: TestNode;

const KEYS = Array.from({ length: 20 }, (_, index) => `key-${index}`);

beforeEach(async () => {
  cluster = await startCluster({ node: { maxStaleness: 2_000 }, tools: { grace: 60_000 } });
  redis = new Redis(cluster.redis.url);
  [a, b] = cluster.nodes as [TestNode, TestNode];
});

afterEach(async () => {
  try {
    await waitFor(async () => (await leases()) === 0, { what: 'every lease to be given back' });
    for (const { tools } of cluster.nodes) {
      for (const key of KEYS) expect([key, (await tools.explain(key)).flights]).toEqual([key, 0]);
    }
  } finally {
    redis.disconnect();
    await cluster[Symbol.asyncDispose]();
  }
});

/** How many leases there are, of all or of those that look so: one that somebody waits for ends in a 1. */
async function leases(like: RegExp = /./): Promise<number> {
  const hashes = await redis.keys('lockstep:*:leases');
  const held = await Promise.all(hashes.map((hash) => redis.hvals(hash)));
  return held.flat().filter((lease) => like.test(lease)).length;
}

/** The calls of the tier about entries that are made meanwhile. */
async function callsDuring(work: () => Promise<unknown>): Promise<readonly string[]> {
  const calls: string[] = [];
  let isOver = false;
  const monitor = new Redis(cluster.redis.url, { monitor: true });
  monitor.on('monitor', (_, call: readonly string[]) => {
    if (call[1] === 'end of record') isOver = true;
    else if (call.some((argument) => argument.includes(':entry:'))) calls.push(call[0] as string);
  });
  await waitFor(() => (monitor.status as string) === 'monitoring', { what: 'the monitor' });
  await work();
  await redis.get('end of record');
  await waitFor(() => isOver, { what: 'the end of the record' });
  monitor.disconnect();
  return calls;
}

/** How often the tier was called, by command. */
async function callsOf(command: string): Promise<number> {
  return Number(new RegExp(`cmdstat_${command}:calls=(\\d+)`).exec(await redis.info('commandstats'))?.[1] ?? 0);
}

function numbered(keys: readonly string[], what: string): [string, string][] {
  return keys.map((key) => [key, `${what} of ${key}`]);
}

describe('many keys are read', () => {
  test('near hits first, all others in one round trip, each key once and in order; what is not there is left out', async () => {
    await a.tools.setMany(numbered(KEYS.slice(0, 18), 'value'));
    await warm(b, 'key-1', 'never loaded');
    let found: Map<string, string> | undefined;
    const calls = await callsDuring(async () => {
      found = await b.tools.getMany([...KEYS, ...KEYS].reverse());
    });
    expect([...(found ?? [])]).toEqual(numbered(KEYS.slice(0, 18), 'value').reverse());
    expect(new Set(calls)).toEqual(new Set(['mget']));
    expect(b.tools.stats()).toMatchObject({ tierHits: 18, misses: 2 });
    expect(await callsDuring(() => b.tools.getMany(KEYS.slice(0, 18)))).toEqual([]);
  });

  test('an event that comes meanwhile poisons its key, and no other (P4)', async () => {
    await a.tools.setMany(numbered(KEYS, 'old'));
    b.proxy.stall('down');
    const reading = b.tools.getMany(KEYS);
    await waitFor(async () => (await callsOf('mget')) > 0, { what: 'the tier to have been asked' });
    const joined = b.tools.get('key-3');
    await a.tools.clear('key-3');
    await cluster.network.quiet();
    b.proxy.restore();
    const found = await reading;
    expect(found.get('key-4')).toBe('old of key-4');
    await joined;
    expect(b.tools.peek('key-3')).toBeUndefined();
    expect(await b.tools.get('key-3')).toBeUndefined();
    expect(b.tools.peek('key-4')).toBe('old of key-4');
    expect(b.tools.stats().coalesced).toBe(1);
  });

  test('what a clear of their tag has killed is not answered (P1)', async () => {
    await a.tools.setMany(numbered(KEYS.slice(0, 10), 'red'), { tags: ['red'] });
    await a.tools.setMany(numbered(KEYS.slice(10), 'blue'), { tags: ['blue'] });
    await b.lockstep.clear({ tag: 'red' });
    expect([...(await b.tools.getMany(KEYS)).keys()]).toEqual(KEYS.slice(10));
  });
});

describe('many keys are loaded', () => {
  test('the loader is asked once, for those that are nowhere; all nodes have them then', async () => {
    await a.tools.setMany(numbered(KEYS.slice(0, 5), 'set'));
    const asked: (readonly string[])[] = [];
    const load = ({ keys }: LoadManyContext<string>): Map<string, string> => {
      asked.push(keys);
      return new Map(numbered(keys, 'loaded'));
    };
    const expected = [...numbered(KEYS.slice(0, 5), 'set'), ...numbered(KEYS.slice(5), 'loaded')];
    expect([...(await b.tools.getOrLoadMany([...KEYS, 'key-7'], load))]).toEqual(expected);
    expect(asked).toEqual([KEYS.slice(5)]);
    expect([...(await a.tools.getOrLoadMany(KEYS, load))]).toEqual(expected);
    expect(asked).toHaveLength(1);
  });

  test('it is asked once also where a clear has left dead entries in the tier, and their tags are known', async () => {
    await a.tools.setMany(numbered(KEYS, 'old'), { tags: ['red'] });
    await b.lockstep.clear({ tag: 'red' });
    const asked: number[] = [];
    const load = async ({ keys }: LoadManyContext<string>): Promise<Record<string, string>> => {
      asked.push(keys.length);
      return Object.fromEntries(numbered(keys, 'new'));
    };
    expect([...(await b.tools.getOrLoadMany(KEYS, load, { tags: ['red'] }))]).toEqual(numbered(KEYS, 'new'));
    expect(asked).toEqual([KEYS.length]);
    await a.lockstep.clear({ tag: 'red' });
    expect(await b.tools.getMany(KEYS)).toEqual(new Map());
  });

  test('keys that another node loads are waited for: each is loaded once (P5)', async () => {
    const loaded: string[] = [];
    const may = gate();
    const load = async ({ keys }: LoadManyContext<string>): Promise<Map<string, string>> => {
      loaded.push(...keys);
      await may.passed;
      return new Map(numbered(keys, 'value'));
    };
    const answers = [a.tools.getOrLoadMany(KEYS.slice(0, 12), load), b.tools.getOrLoadMany(KEYS.slice(8), load)];
    const single = a.tools.getOrLoad('key-9', () => 'alone');
    await waitFor(() => loaded.length >= KEYS.length, { what: 'every key to be loaded' });
    may.open();
    const [first, second] = (await Promise.all(answers)) as [Map<string, string>, Map<string, string>];
    expect([...first, ...second]).toEqual([
      ...numbered(KEYS.slice(0, 12), 'value'),
      ...numbered(KEYS.slice(8), 'value'),
    ]);
    expect(await single).toBe('value of key-9');
    expect(loaded.toSorted()).toEqual(KEYS.toSorted());
  });

  test('a clear meanwhile overtakes its key alone: it is stored nowhere (P4)', async () => {
    const [began, may] = [gate(), gate()];
    const loading = b.tools.getOrLoadMany(KEYS, async ({ keys }) => {
      began.open();
      await may.passed;
      return new Map(numbered(keys, 'old'));
    });
    await began.passed;
    await a.tools.clear('key-3');
    await cluster.network.quiet();
    may.open();
    expect((await loading).size).toBe(KEYS.length);
    expect(await a.tools.get('key-3')).toBeUndefined();
    expect(await b.tools.get('key-3')).toBeUndefined();
    expect(await a.tools.get('key-4')).toBe('old of key-4');
  });

  test('a loader that fails fails only the keys that it was asked for; what may stand in does', async () => {
    await a.tools.setMany(numbered(KEYS.slice(0, 3), 'set'));
    await a.tools.set('key-3', 'stale');
    await a.tools.expire('key-3');
    const reason = new Error('the origin is down');
    const loading = b.tools.getOrLoadMany(KEYS, () => Promise.reject(reason));
    const error = await loading.catch((caught: unknown) => caught);
    expect(error).toBeInstanceOf(BatchError);
    const { code, done, failed } = error as BatchError<unknown>;
    expect([code, [...failed.keys()]]).toEqual(['batch-incomplete', KEYS.slice(4)]);
    expect([...failed.values()].every((each) => each.code === 'loader-failed' && each.cause === reason)).toBe(true);
    expect([...done.keys()]).toEqual(KEYS.slice(0, 4));
    expect(done.get('key-3')).toMatchObject({ value: 'stale', stale: true });
  });

  test('the node that waited loads what the other one failed to, together', async () => {
    const [began, may] = [gate(), gate()];
    const failing = a.tools
      .getOrLoadMany(KEYS, async () => {
        began.open();
        await may.passed;
        throw new Error('no');
      })
      .catch((error: unknown) => error);
    await began.passed;
    const asked: string[] = [];
    let calls = 0;
    const waiting = b.tools.getOrLoadMany(KEYS, ({ keys }) => {
      calls++;
      asked.push(...keys);
      return new Map(numbered(keys, 'value'));
    });
    await waitFor(async () => (await leases(/ 1$/)) === KEYS.length, { what: 'the other node to wait for every key' });
    may.open();
    expect(await failing).toBeInstanceOf(BatchError);
    expect([...(await waiting)]).toEqual(numbered(KEYS, 'value'));
    expect(asked.toSorted()).toEqual(KEYS.toSorted());
    expect(calls).toBeLessThanOrEqual(KEYS.length / 2);
  });

  test('a caller who leaves breaks the load off, and the keys are free for others', async () => {
    const leaving = new AbortController();
    const began = gate();
    let told: AbortSignal | undefined;
    const left = a.tools.getOrLoadMany(
      KEYS,
      ({ signal }) => {
        told = signal;
        began.open();
        return new Promise(() => {});
      },
      { signal: leaving.signal },
    );
    await began.passed;
    leaving.abort(new Error('enough'));
    await expect(left).rejects.toThrow('enough');
    expect(told?.aborted).toBe(true);
    const next = await b.tools.getOrLoadMany(KEYS, ({ keys }) => new Map(numbered(keys, 'value')));
    expect(next.size).toBe(KEYS.length);
  });

  test('without the tier the loader is asked once, for all', async () => {
    b.proxy.cut();
    await waitFor(async () => (await b.tools.has('key-0')) || b.lockstep.stats().heartbeatsFailed > 0, {
      what: 'a cut',
    });
    const asked: number[] = [];
    const found = await b.tools.getOrLoadMany(KEYS, ({ keys }) => {
      asked.push(keys.length);
      return new Map(numbered(keys, 'value'));
    });
    expect([found.size, asked]).toEqual([KEYS.length, [KEYS.length]]);
    b.proxy.restore();
  });
});

describe('many keys are written', () => {
  test('all are committed, and told of in few messages; no later lookup answers an older value (P2)', async () => {
    await a.tools.setMany(numbered(KEYS, 'old'));
    await b.tools.getMany(KEYS);
    let messages = 0;
    cluster.network.decide(() => {
      messages++;
      return 'deliver';
    });
    const receipts = await a.tools.setMany(numbered(KEYS, 'new'), { tags: ['red'] });
    await cluster.network.quiet();
    expect([...receipts.keys()]).toEqual(KEYS);
    expect([...receipts.values()].every(({ kind, committed }) => kind === 'put' && committed)).toBe(true);
    expect(messages).toBeLessThanOrEqual(4);
    for (const { tools } of [a, b]) expect([...(await tools.getMany(KEYS))]).toEqual(numbered(KEYS, 'new'));

    const cleared = await b.tools.clearMany([...KEYS, 'key-0']);
    expect([...cleared.values()].map(({ kind }) => kind)).toEqual(KEYS.map(() => 'clear'));
    await cluster.network.quiet();
    for (const { tools } of [a, b]) expect(await tools.getMany(KEYS)).toEqual(new Map());
  });

  test('where some fail, the error says which, and has the receipts of the others', async () => {
    const values = new Map<string, string>(numbered(KEYS.slice(0, 3), 'value'));
    values.set('key-1', 1n as unknown as string);
    const error = await a.tools.setMany(values).catch((caught: unknown) => caught);
    const { done, failed, retryable } = error as BatchError<unknown>;
    expect([[...done.keys()], [...failed.keys()], retryable]).toEqual([['key-0', 'key-2'], ['key-1'], false]);
    expect(failed.get('key-1')?.code).toBe('value-unserializable');
    expect([...(await b.tools.getMany(KEYS)).keys()]).toEqual(['key-0', 'key-2']);

    b.proxy.cut();
    const away = await b.tools.clearMany(['key-0', 'key-2']).catch((caught: unknown) => caught);
    expect(away).toMatchObject({ code: 'batch-incomplete', retryable: true });
    b.proxy.restore();
  });

  test('what cannot be used is refused before anything is written', async () => {
    await expect(a.tools.setMany(numbered(KEYS, 'value'), { ttl: -1 })).rejects.toMatchObject({
      code: 'config-invalid',
    });
    await expect(a.tools.clearMany(['key-0', ''])).rejects.toMatchObject({ code: 'key-invalid' });
    expect(await redis.keys('lockstep:*:entry:*')).toEqual([]);
  });
});
