import type { Lockstep, Namespace } from '@lockstep/cache';
import { openLockstep } from '@lockstep/cache';
import Keyv from 'keyv';
import Keyv6 from 'keyv-6';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { KeyvStoreOptions } from './keyv-store.ts';
import { LockstepKeyvStore } from './keyv-store.ts';

const HOUR_MS = 3_600_000;
const LONGEST_MS = 0xffff_ffff;

describe('the store of a Keyv', () => {
  let lockstep: Lockstep;
  let namespace: Namespace<unknown>;

  beforeEach(async () => {
    lockstep = await openLockstep();
    namespace = lockstep.namespace('keyv', { ttl: HOUR_MS, nearTtl: LONGEST_MS });
  });

  afterEach(() => lockstep.close());

  const store = (options: Partial<KeyvStoreOptions> = {}): LockstepKeyvStore =>
    new LockstepKeyvStore({ lockstep, namespace, ...options });
  const ttlOf = async (key: string): Promise<number> => (await namespace.ttl(JSON.stringify(['', key]))) ?? Number.NaN;

  test.each([
    ['none', {}, HOUR_MS],
    ['0', { ttl: 0 }, HOUR_MS],
    ['none, where the store has one', { ofStore: '1m' }, 60_000],
    ['no number', { ttl: Number.NaN, ofStore: '1m' }, 60_000],
    ['one', { ttl: 5_000, ofStore: '1m' }, 5_000],
    ['a part of a millisecond', { ttl: 4_999.5 }, 5_000],
    ['more than a namespace takes', { ttl: 1e15 }, LONGEST_MS],
    ['one without end', { ttl: Number.POSITIVE_INFINITY }, LONGEST_MS],
  ] as const)('a value has the time that its ttl means: %s', async (_, given, meantMs) => {
    const { ttl, ofStore } = { ttl: undefined, ofStore: undefined, ...given };
    await store(ofStore === undefined ? {} : { ttl: ofStore }).set('a', 1, ttl);
    const ttlMs = await ttlOf('a');
    expect(ttlMs).toBeLessThanOrEqual(meantMs);
    // A node ends a value a little early, in case its clock is slow.
    expect(ttlMs).toBeGreaterThan(meantMs * 0.95);
  });

  test('a time that is over removes the key', async () => {
    await store().set('a', 1);
    await store().set('a', 2, -1);
    expect(await store().has('a')).toBe(false);
  });

  test.each([0, -1, 'soon', LONGEST_MS + 1])('refuses a ttl of %s', (ttl) => {
    expect(() => store({ ttl } as KeyvStoreOptions)).toThrow(/ttl: got/);
  });

  test('no text in a namespace or a key makes two keys one', async () => {
    const [one, other] = [store(), store()];
    one.namespace = 'a';
    other.namespace = 'a","b';
    await one.set('b","c', 1);
    expect(await other.get('c')).toBeUndefined();
    await other.clear();
    expect(await one.get('b","c')).toBe(1);
  });

  test('a key that was not there is removed all the same, and says so', async () => {
    await store().set('a', 1);
    expect(await store().deleteMany(['a', 'b'])).toBe(false);
    expect(await store().hasMany(['a', 'b'])).toEqual([false, false]);
  });

  test('a Keyv that does not serialize keeps what the codec of the namespace can hold', async () => {
    const structured = lockstep.namespace('structured', { codec: 'structured' });
    const value = { at: new Date(0), tags: new Set(['a']) };
    const old = new Keyv({
      store: store({ namespace: structured }),
      serialize: undefined,
      deserialize: undefined,
    } as never);
    await old.set('a', value);
    expect(await old.get('a')).toEqual(value);
    const next = new Keyv6({ store: store({ namespace: structured }), serialization: false });
    await next.set('b', value);
    expect(await next.get('b')).toEqual(value);
  });

  test('keys cannot be listed: Keyv 5 has no iterator, and that of Keyv 6 finds none', async () => {
    const old = new Keyv({ store: store() });
    expect(old.iterator).toBeUndefined();
    const next = new Keyv6({ store: store() });
    await next.set('a', 1);
    expect(await next.iterator().next()).toMatchObject({ done: true });
  });

  test('a Keyv that disconnects leaves the node open', async () => {
    await new Keyv({ store: store() }).disconnect();
    await new Keyv6({ store: store() }).disconnect();
    expect(await store().set('a', 1)).toBe(true);
  });
});
