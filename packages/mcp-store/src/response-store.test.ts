import type { Lockstep, Namespace } from '@lockstep/cache';
import { openLockstep } from '@lockstep/cache';
import type { CacheEntry, CacheKey } from '@modelcontextprotocol/client';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { ResponseStoreOptions } from './response-store.ts';
import { LockstepResponseStore } from './response-store.ts';
import type { StoredResponse } from './stored-response.ts';

const HOUR_MS = 3_600_000;

/** By how much the wall clock of a host is wrong. */
const wall = vi.hoisted(() => ({ offMs: 0 }));
vi.mock('./system.ts', () => ({ wallClockMs: () => Date.now() + wall.offMs }));

/** Where the tools of a server are for ada. */
const PLACE = JSON.stringify(['private', '', 'ada', 'origin', 'origin@1', 'tools/list', '']);

describe('the response store', () => {
  let lockstep: Lockstep;
  let namespace: Namespace<StoredResponse>;

  beforeEach(async () => {
    lockstep = await openLockstep();
    namespace = lockstep.namespace('mcp-responses', { nearTtl: 24 * HOUR_MS });
    wall.offMs = 0;
  });

  afterEach(() => lockstep.close());

  const store = (options: Partial<ResponseStoreOptions> = {}): LockstepResponseStore =>
    new LockstepResponseStore({ lockstep, namespace, server: 'origin', ...options });
  const key = (principal: string, method = 'tools/list', params = ''): CacheKey => {
    return { method, params, partition: JSON.stringify(['origin@1', principal]) };
  };
  const response = (text: string, ttlMs = HOUR_MS, scope: CacheEntry['scope'] = 'private') => {
    return { value: JSON.stringify({ text }), expiresAt: Date.now() + wall.offMs + ttlMs, scope };
  };
  const kept = (): number => namespace.stats().entries;

  test('hands back what it was given, as fresh, and one stamp for one content', async () => {
    const { value, expiresAt, scope } = response('a');
    const stamp = await store().set(key('ada'), { value, expiresAt, scope });
    const found = await store().get(key('ada'));
    expect(found).toEqual({ value, scope, stamp, expiresAt: expect.any(Number) });
    expect(await store().set(key('ada'), response('b'))).not.toBe(stamp);
    expect(await store().set(key('eve'), response('a'))).toBe(stamp);
  });

  test.each([-24 * HOUR_MS, 24 * HOUR_MS])('the clock of the host that stored may be %d ms off', async (offMs) => {
    wall.offMs = offMs;
    await store().set(key('ada'), response('a'));
    wall.offMs = 0;
    expect((await store().get(key('ada')))?.expiresAt).toBeGreaterThan(Date.now());
    expect(await namespace.ttl(PLACE)).toBeLessThanOrEqual(HOUR_MS);
  });

  test.each([
    ['a hint of 0', 0],
    ['a negative hint', -HOUR_MS],
    ['no number', Number.NaN],
    ['a part of a millisecond', 0.5],
  ])('keeps nothing for %s, and drops what it had', async (_, ttlMs) => {
    await store().set(key('ada'), response('old'));
    await store().set(key('ada'), response('new', ttlMs));
    expect(kept()).toBe(0);
    expect(await store().get(key('ada'))).toBeUndefined();
  });

  test('gives a list that it did not keep only to the client that brought it, as one whose time is over', async () => {
    const mine = store();
    await mine.set(key('ada'), response('a', 0));
    expect((await mine.get(key('ada')))?.expiresAt).toBeUndefined();
    expect(await mine.get(key('eve'))).toBeUndefined();
    expect(await store().get(key('ada'))).toBeUndefined();
    await mine.delete(key('ada'));
    expect(await mine.get(key('ada'))).toBeUndefined();
  });

  test.each([Number.POSITIVE_INFINITY, Number.MAX_VALUE, 2 ** 53, HOUR_MS])(
    'a hint of %d meets the ceiling',
    async (ttlMs) => {
      await store({ ttlMax: '1m' }).set(key('ada'), response('a', ttlMs));
      const freshForMs = await namespace.ttl(PLACE);
      expect(freshForMs).toBeLessThanOrEqual(60_000);
      expect(freshForMs).toBeGreaterThan(50_000);
    },
  );

  test.each([
    ['of no scope', undefined],
    ['that is private', 'private'],
    ['that a server which is not believed calls public', 'public'],
  ] as const)('keeps nothing %s for nobody', async (_, scope) => {
    const mine = store();
    await mine.set(key(''), response('a', HOUR_MS, scope));
    expect(kept()).toBe(0);
    expect(await mine.get(key(''))).toBeUndefined();
  });

  test('keeps nothing private for a partition that it cannot read', async () => {
    const mine = store();
    for (const partition of [undefined, '', 'ada', '["ada"]', '{}', '["origin",1]']) {
      await mine.set({ method: 'tools/list', ...(partition !== undefined && { partition }) }, response('a'));
    }
    expect(kept()).toBe(0);
  });

  test('no text in a name makes two principals one', async () => {
    await store({ principal: 'a","b' }).set(key(''), response('a'));
    for (const principal of ['a', 'b', 'a","b","', 'a\\",\\"b']) {
      expect(await store({ principal }).get(key(''))).toBeUndefined();
      expect(await store().get(key(principal))).toBeUndefined();
    }
  });

  test('keeps no resource, unless told to, and nothing that asks back', async () => {
    const read = key('ada', 'resources/read', 'file:///a');
    await store().set(read, response('a'));
    expect(kept()).toBe(0);
    const keeping = store({ keepsResources: true });
    await keeping.set(read, { ...response('a'), value: JSON.stringify({ resultType: 'input_required' }) });
    expect(kept()).toBe(0);
    await keeping.set(read, response('a'));
    expect(await keeping.get(read)).toBeDefined();
    expect(await keeping.get(key('ada', 'resources/read', 'file:///b'))).toBeUndefined();
  });

  test('what turned private is no longer shared, and what turned public no longer hidden by the private one', async () => {
    const ada = store({ principal: 'ada', believesPublic: true });
    const eve = store({ principal: 'eve', believesPublic: true });
    await ada.set(key(''), response('for all', HOUR_MS, 'public'));
    expect(await eve.get(key(''))).toBeDefined();
    await ada.set(key(''), response('for ada'));
    expect(await eve.get(key(''))).toBeUndefined();
    await ada.set(key(''), response('for all again', HOUR_MS, 'public'));
    expect((await ada.get(key('')))?.value).toContain('for all again');
  });

  test('drops one response, those of a method, or those of the server', async () => {
    const other = store({ server: 'other' });
    const mine = store();
    const methods = ['tools/list', 'prompts/list', 'resources/list'];
    for (const method of methods) await mine.set(key('ada', method), response('a'));
    await other.set(key('ada'), response('a'));
    await mine.set(key('eve'), response('a'));
    const held = async (): Promise<string[]> => {
      const found: string[] = [];
      for (const method of methods) if (await mine.get(key('ada', method))) found.push(method);
      return found;
    };
    await mine.delete(key('ada', 'prompts/list'));
    expect(await held()).toEqual(['tools/list', 'resources/list']);
    await mine.evict('tools/list');
    expect(await held()).toEqual(['resources/list']);
    expect(await mine.get(key('eve'))).toBeUndefined();
    await mine.clear();
    expect(await held()).toEqual([]);
    expect(await other.get(key('ada'))).toBeDefined();
  });

  test('refuses a server without a name, and a ceiling that is no time', () => {
    expect(() => store({ server: '' })).toThrow(/server: got ""/);
    expect(() => store({ ttlMax: 0 })).toThrow(/ttlMax: got 0/);
  });
});
