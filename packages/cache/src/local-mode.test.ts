import { FakeClock, FakeRandom } from '@lockstep/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Lockstep } from './index.ts';
import { openLockstep } from './index.ts';

describe('a node without tier and bus', () => {
  let clock: FakeClock;
  let lockstep: Lockstep;

  beforeEach(async () => {
    clock = new FakeClock();
    lockstep = await openLockstep({ clock, timers: clock, random: new FakeRandom() });
  });

  afterEach(() => lockstep.close());

  test('is coherent by nature, and leaves no timer behind', async () => {
    await clock.run(3_600_000);
    expect(lockstep.mode).toBe('local');
    expect(lockstep.coherence).toEqual({ state: 'coherent', stalenessMs: 0, sinceMs: 3_600_000 });
    expect(clock.waiting).toBe(0);
  });

  test('loads a key once for concurrent callers, and answers from its near-cache until the ttl ends', async () => {
    const tools = lockstep.namespace<number>('tools', { ttl: 1_000 });
    let loads = 0;
    const load = async (): Promise<number> => ++loads;
    expect(await Promise.all([tools.getOrLoad('a', load), tools.getOrLoad('a', load)])).toEqual([1, 1]);
    clock.advance(970);
    expect(await tools.lookup('a', load)).toMatchObject({ outcome: 'hit', source: 'near', value: 1 });
    expect(tools.peek('a')).toBe(1);
    clock.advance(30);
    expect(tools.peek('a')).toBeUndefined();
    expect(await tools.getOrLoad('a', load)).toBe(2);
  });

  test('a ttl of one value wins over that of its namespace', async () => {
    const tools = lockstep.namespace<string>('tools', { ttl: 60_000 });
    await tools.set('set', 'v', { ttl: 100 });
    await tools.getOrLoad('loaded', () => 'v', { ttl: 100 });
    clock.advance(100);
    expect([tools.peek('set'), tools.peek('loaded')]).toEqual([undefined, undefined]);
  });

  test('a near ttl ends what a node keeps before its ttl does', async () => {
    const tools = lockstep.namespace<string>('tools', { ttl: 60_000, nearTtl: 100 });
    await tools.set('a', 'v');
    expect(tools.peek('a')).toBe('v');
    clock.advance(100);
    expect(tools.peek('a')).toBeUndefined();
  });

  test('a ttl of one value may be longer than that of its namespace', async () => {
    const tools = lockstep.namespace<string>('tools', { ttl: 100 });
    await tools.set('a', 'v', { ttl: 60_000 });
    clock.advance(50_000);
    expect(tools.peek('a')).toBe('v');
  });

  test('a loader may say, with the value, how long it is fresh', async () => {
    const tools = lockstep.namespace<string>('tools', { ttl: 60_000 });
    let hintMs = 60_000;
    const load = (): string => {
      hintMs = 100;
      return 'v';
    };
    await tools.getOrLoad('a', load, { ttl: () => hintMs });
    clock.advance(100);
    expect(tools.peek('a')).toBeUndefined();
    const wrong = tools.getOrLoad('b', load, { ttl: () => Number.NaN });
    await expect(wrong).rejects.toMatchObject({ code: 'config-invalid' });
    expect(await tools.getOrLoad('b', () => 'v')).toBe('v');
  });

  test('a value past its ttl stands in, marked stale, while the loader fails within the grace', async () => {
    const tools = lockstep.namespace<string>('tools', { ttl: 1_000, grace: 10_000 });
    await tools.set('a', 'old');
    clock.advance(5_000);
    const failing = (): never => {
      throw new Error('origin down');
    };
    expect(await tools.lookup('a', failing)).toMatchObject({ value: 'old', stale: true, source: 'near' });
    clock.advance(10_000);
    await expect(tools.lookup('a', failing)).rejects.toMatchObject({ code: 'loader-failed' });
  });

  test('a cleared value never stands in, an expired one does', async () => {
    const tools = lockstep.namespace<string>('tools', { grace: 10_000 });
    await tools.set('expired', 'old');
    await tools.expire('expired');
    await tools.set('cleared', 'old');
    await tools.clear('cleared');
    const failing = (): never => {
      throw new Error('origin down');
    };
    expect(await tools.get('expired')).toBeUndefined();
    expect(await tools.lookup('expired', failing)).toMatchObject({ value: 'old', stale: true });
    await expect(tools.lookup('cleared', failing)).rejects.toMatchObject({ code: 'loader-failed' });
  });

  test('clears by tag over all namespaces, by namespace, and everything', async () => {
    const [one, two] = [lockstep.namespace<string>('one'), lockstep.namespace<string>('two')];
    const fill = async (): Promise<void> => {
      for (const namespace of [one, two]) {
        await namespace.set('tagged', 'v', { tags: ['x', 'y'] });
        await namespace.set('plain', 'v');
      }
    };
    const held = (): unknown[] => [one.peek('tagged'), one.peek('plain'), two.peek('tagged'), two.peek('plain')];
    await fill();
    await lockstep.clear({ tag: 'y' });
    expect(held()).toEqual([undefined, 'v', undefined, 'v']);
    await fill();
    await lockstep.clear({ namespace: 'one' });
    expect(held()).toEqual([undefined, undefined, 'v', 'v']);
    await lockstep.clear({ everything: true });
    expect(held()).toEqual([undefined, undefined, undefined, undefined]);
    await fill();
    expect(held()).toEqual(['v', 'v', 'v', 'v']);
  });

  test('keeps within its bounds of entries and bytes, and counts what it pushes out', async () => {
    const few = lockstep.namespace<string>('few', { nearEntriesMax: 2 });
    const small = lockstep.namespace<string>('small', { nearBytesMax: 100 });
    for (const key of ['a', 'b', 'c']) {
      await few.set(key, 'v');
      await small.set(key, 'x'.repeat(40));
    }
    expect(few.stats()).toMatchObject({ entries: 2, evictions: 1 });
    expect(small.stats()).toMatchObject({ entries: 2, bytes: 84, evictions: 1 });
    expect(await lockstep.count('few')).toBe(2);
  });

  test('counts what lookups found', async () => {
    const tools = lockstep.namespace<string>('tools');
    await tools.get('a');
    await tools.getOrLoad('a', () => 'v');
    await tools.get('a');
    await tools.getOrLoad('a', () => 'v');
    const failing = (): never => {
      throw new Error('no');
    };
    await expect(tools.getOrLoad('b', failing)).rejects.toThrow();
    expect(tools.stats()).toMatchObject({ nearHits: 2, misses: 1, loads: 2, loadsFailed: 1, coalesced: 0 });
  });

  test('a loader that fails is reported with its own error as the cause, and the next caller loads again', async () => {
    const tools = lockstep.namespace<string>('tools');
    const cause = new Error('401 from origin');
    const failing = (): never => {
      throw cause;
    };
    await expect(tools.getOrLoad('a', failing)).rejects.toMatchObject({ code: 'loader-failed', cause });
    expect(await tools.getOrLoad('a', () => 'v')).toBe('v');
  });

  test('a load is not repeated by those who come while it takes longer than Δ, and one answers them all (P5)', async () => {
    const tools = lockstep.namespace<string>('tools');
    let loads = 0;
    const done = Promise.withResolvers<string>();
    const load = (): Promise<string> => {
      loads++;
      return done.promise;
    };
    const callers = [tools.getOrLoad('a', load)];
    for (let second = 0; second < 7; second++) {
      await clock.run(1_000);
      callers.push(tools.getOrLoad('a', load));
    }
    done.resolve('v');
    await clock.run(1);
    expect(await Promise.all(callers)).toEqual(Array.from({ length: 8 }, () => 'v'));
    expect(loads).toBe(1);
  });

  test('a loader that does not end is given up after the lease: told to stop, and reported', async () => {
    const tools = lockstep.namespace<string>('tools', { lease: 3_000 });
    let told: unknown;
    const hanging = tools.getOrLoad('a', ({ signal }) => {
      signal.addEventListener('abort', () => {
        told = signal.reason;
      });
      return new Promise(() => {});
    });
    const rejected = expect(hanging).rejects.toMatchObject({ code: 'loader-timed-out', retryable: true });
    await clock.run(3_000);
    await rejected;
    expect(told).toMatchObject({ code: 'loader-timed-out' });
    expect(await tools.getOrLoad('a', () => 'v')).toBe('v');
  });

  test('a value is on this node what it is on every other: what JSON holds, and a copy', async () => {
    const tools = lockstep.namespace<unknown>('tools');
    const given = { at: new Date(0), list: [1] };
    await tools.set('set', given);
    const loaded = await tools.getOrLoad('loaded', () => given);
    given.list.push(2);
    const held = { at: '1970-01-01T00:00:00.000Z', list: [1] };
    expect([tools.peek('set'), tools.peek('loaded'), loaded]).toEqual([held, held, held]);
  });

  test("a loader's own message, which may hold a secret, is in the cause alone", async () => {
    const tools = lockstep.namespace<string>('tools');
    const failing = (): never => {
      throw new Error('GET https://user:password@origin failed');
    };
    const error = await tools.getOrLoad('a', failing).catch((caught: unknown) => caught);
    expect(String(error)).not.toContain('password');
  });

  test('a caller who has left before asking starts no load', async () => {
    const tools = lockstep.namespace<string>('tools');
    const signal = AbortSignal.abort(new Error('gone'));
    await expect(tools.getOrLoad('a', () => 'v', { signal })).rejects.toThrow('gone');
    expect(tools.stats().loads).toBe(0);
  });

  test('after close, calls reject, and a loader still at work is told to stop', async () => {
    const tools = lockstep.namespace<string>('tools');
    const begun = Promise.withResolvers<void>();
    const answer = tools.getOrLoad('a', ({ signal }) => {
      begun.resolve();
      return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
    });
    await begun.promise;
    const notBegun = tools.getOrLoad('b', () => 'v');
    const closed = lockstep.close();
    await expect(answer).rejects.toMatchObject({ code: 'loader-failed' });
    await expect(notBegun).rejects.toMatchObject({ code: 'closed' });
    await closed;
    await expect(tools.get('a')).rejects.toMatchObject({ code: 'closed' });
    await expect(lockstep.clear({ everything: true })).rejects.toMatchObject({ code: 'closed' });
  });
});
