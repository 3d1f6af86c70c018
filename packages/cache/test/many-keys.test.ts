import { getEventListeners } from 'node:events';
import { BatchError, TierUnavailableError } from '@lockstep/core';
import { FakeClock } from '@lockstep/testkit';
import { describe, expect, onTestFinished, test, vi } from 'vitest';
import { z } from 'zod';
import type { LoadManyContext, Lookup, ManyLoader } from '../src/index.ts';
import { openLocal } from './local.ts';
import { openOn, Shelf, ShelfTier } from './shelf.ts';

const KEYS = ['a', 'b', 'c'];

describe('a loader of many keys', () => {
  test('may say more than a value of each: how long it is fresh, that there is none, that it is refused', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { ttl: '1h' });
    const load: ManyLoader<string> = ({ answer, denied }) => ({ a: answer('brief', { ttl: '1s' }), b: denied() });
    const found = await tools.lookupMany(KEYS, load);
    expect([...found.values()]).toMatchObject([
      { outcome: 'loaded', value: 'brief' },
      { outcome: 'miss', absence: 'denied' },
      { outcome: 'miss', absence: 'missing' },
    ]);
    clock.advance(1_000);
    const again: string[] = [];
    await tools.getOrLoadMany(KEYS, ({ keys }) => {
      again.push(...keys);
      return new Map();
    });
    expect(again).toEqual(['a']);
  });

  test('is shown the values that it would replace, and may confirm each', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { ttl: '1s', grace: '1h' });
    await tools.setMany([
      ['a', 'old a'],
      ['b', 'old b'],
    ]);
    clock.advance(2_000);
    let shown: unknown;
    const found = await tools.getOrLoadMany(KEYS, ({ keys, stale, notModified }) => {
      shown = keys.map((key) => stale.get(key)?.value);
      return new Map<string, string | ReturnType<typeof notModified>>([
        ['a', notModified('a')],
        ['b', 'new b'],
        ['c', 'new c'],
      ]);
    });
    expect(shown).toEqual(['old a', 'old b', undefined]);
    expect([...found.values()]).toEqual(['old a', 'new b', 'new c']);
    expect(tools.peek('a')).toBe('old a');
  });

  test('that answers nonsense, or confirms what is not there, fails its keys', async () => {
    const { lockstep } = await openLocal();
    const tools = lockstep.namespace<string>('tools');
    const nonsense = tools.getOrLoadMany(KEYS, (() => 'no map') as unknown as ManyLoader<string>);
    await expect(nonsense).rejects.toMatchObject({ code: 'batch-incomplete', cause: { code: 'loader-failed' } });
    const unfounded = tools.getOrLoadMany(['d'], ({ notModified }) => ({ d: notModified('d') }));
    await expect(unfounded).rejects.toMatchObject({ cause: { code: 'loader-failed' } });
  });

  test('one value that cannot be kept fails its key alone', async () => {
    const { lockstep } = await openLocal();
    const tools = lockstep.namespace<string>('tools');
    const load = ({ keys }: LoadManyContext<string>): Map<string, string> => {
      return new Map(keys.map((key) => [key, (key === 'b' ? undefined : key) as string]));
    };
    const error = await tools.getOrLoadMany(KEYS, load).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'batch-incomplete', failed: new Map([['b', expect.anything()]]) });
    expect([tools.peek('a'), tools.peek('c')]).toEqual(['a', 'c']);
  });

  test('leaves no timer and no load behind, and none begins for what cannot be used', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools');
    let asked = 0;
    const load: ManyLoader<string> = ({ keys }) => {
      asked++;
      return new Map(keys.map((key) => [key, key]));
    };
    await expect(tools.getOrLoadMany(['a', ''], load)).rejects.toMatchObject({ code: 'key-invalid' });
    await expect(tools.getOrLoadMany(KEYS, load, { ttl: -1 })).rejects.toMatchObject({ code: 'config-invalid' });
    expect(asked).toBe(0);
    expect(await tools.getOrLoadMany([], load)).toEqual(new Map());
    await tools.getOrLoadMany(KEYS, load, { hardTimeout: 1_000, softTimeout: 100 });
    expect([asked, clock.waiting]).toEqual([1, 0]);
  });

  test('is asked once for the keys whose time for a load ahead of time has come', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { ttl: '10s', eagerRefresh: 0.5, jitter: 0 });
    await tools.setMany(KEYS.map((key) => [key, 'old']));
    clock.advance(6_000);
    const asked: (readonly string[])[] = [];
    const load: ManyLoader<string> = ({ keys }) => {
      asked.push(keys);
      return new Map(keys.map((key) => [key, 'new']));
    };
    expect([...(await tools.getOrLoadMany(KEYS, load)).values()]).toEqual(['old', 'old', 'old']);
    await clock.run(10);
    expect(asked).toEqual([KEYS]);
    expect(tools.peek('b')).toBe('new');
  });
});

test('copies are made of what is read of many keys, where the namespace makes copies', async () => {
  const { lockstep } = await openLocal();
  const tools = lockstep.namespace<{ n: number }>('tools', { copies: true });
  await tools.set('a', { n: 1 });
  (await tools.getMany(['a'])).set('a', { n: 2 });
  const first = (await tools.getMany(['a'])).get('a');
  expect(first).toEqual({ n: 1 });
  expect(first).not.toBe((await tools.getMany(['a'])).get('a'));
});

class ClearlessTier extends ShelfTier {
  override clear(): Promise<never> {
    return Promise.reject(new TierUnavailableError('no clears today'));
  }
}

test('what a node was told to clear is not read, among others either, before the tier has heard of it', async () => {
  const shelf = new Shelf();
  const { lockstep } = await openOn(shelf, { tier: new ClearlessTier(new FakeClock(), shelf) });
  onTestFinished(() => lockstep.close());
  const tools = lockstep.namespace<string>('tools');
  await tools.setMany(KEYS.map((key) => [key, 'old']));
  expect(await tools.clear('a', { allowDegraded: true })).toMatchObject({ queued: true });
  expect([...(await tools.getMany(KEYS)).keys()]).toEqual(['b', 'c']);
});

describe('where every answer is a copy, so is', () => {
  const open = async () => {
    const { lockstep, clock } = await openLocal();
    const counts = lockstep.namespace<Map<string, number>>('counts', { ttl: '1s', grace: '1h', codec: 'structured' });
    await counts.set('a', new Map([['x', 1]]));
    return { counts, clock };
  };

  test('the stale value that a loader is shown', async () => {
    const { counts, clock } = await open();
    clock.advance(2_000);
    const found = await counts.getOrLoad('a', ({ stale }) => {
      stale?.value.clear();
      throw new Error('the origin is down');
    });
    expect(found).toEqual(new Map([['x', 1]]));
  });

  test('what was done of a call for many that failed', async () => {
    const { counts } = await open();
    const failed = await counts
      .lookupMany(['a', 'b'], () => Promise.reject(new Error('the origin is down')))
      .catch((error: unknown) => error as BatchError<Lookup<Map<string, number>>>);
    const done = failed instanceof BatchError ? failed.done.get('a') : undefined;
    if (done?.outcome === 'hit') done.value.clear();
    expect(done).toMatchObject({ outcome: 'hit' });
    expect(counts.peek('a')).toEqual(new Map([['x', 1]]));
  });
});

test.each(['set', 'setMany', 'compareAndSet'] as const)(
  'a node that closes lets a %s under way end',
  async (method) => {
    const { lockstep } = await openLocal();
    const slow = Promise.withResolvers<void>();
    const schema = z.string().refine(() => slow.promise.then(() => true));
    const tools = lockstep.namespace('tools', { schema });
    const writes = {
      set: () => tools.set('a', 'v'),
      setMany: () => tools.setMany([['a', 'v']]),
      compareAndSet: () => tools.compareAndSet('a', '', 'v'),
    };
    const ended: string[] = [];
    const writing = writes[method]().finally(() => ended.push('written'));
    const closing = lockstep.close().then(() => ended.push('closed'));
    await new Promise((resolve) => setImmediate(resolve));
    slow.resolve();
    await Promise.all([writing, closing]);
    expect(ended).toEqual(['written', 'closed']);
  },
);

test('nothing listens to the signals of a load of many keys that is over', async () => {
  const { lockstep } = await openLocal();
  const tools = lockstep.namespace<string>('tools');
  const any = vi.spyOn(AbortSignal, 'any');
  onTestFinished(() => any.mockRestore());
  await tools.getOrLoadMany(KEYS, () => ({ a: 'v' }));
  const listening = any.mock.results.map(({ value }) => getEventListeners(value as AbortSignal, 'abort').length);
  expect(listening).toEqual([0, 0, 0]);
});
