import { FakeClock, FakeRandom } from '@lockstep/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Lockstep } from './index.ts';
import { openLockstep } from './index.ts';

describe('a node without tier and bus', () => {
  let lockstep: Lockstep;

  beforeEach(async () => {
    const clock = new FakeClock();
    lockstep = await openLockstep({ clock, timers: clock, random: new FakeRandom() });
  });

  afterEach(() => lockstep.close());

  test.each([
    ['undefined', undefined],
    ['a function', () => {}],
    ['a bigint', 1n],
  ])('a value that JSON cannot hold (%s) is refused, and nothing is left behind', async (_, value) => {
    const tools = lockstep.namespace<unknown>('tools');
    await expect(tools.set('a', value)).rejects.toMatchObject({ code: 'value-unserializable' });
    await expect(tools.getOrLoad('a', () => value)).rejects.toMatchObject({ code: 'value-unserializable' });
    expect(await tools.getOrLoad('a', () => null)).toBeNull();
  });

  test.each([[''], ['x'.repeat(4_097)], [42], [undefined]])('a key that is none (%#) is refused', async (key) => {
    const tools = lockstep.namespace<string>('tools');
    await expect(tools.get(key as string)).rejects.toMatchObject({ code: 'key-invalid' });
    await expect(tools.set(key as string, 'v')).rejects.toMatchObject({ code: 'key-invalid' });
  });

  test.each([0, -1, Number.NaN, 1.5, Number.POSITIVE_INFINITY])('a ttl of %d is refused', async (ttl) => {
    const tools = lockstep.namespace<string>('tools');
    await expect(tools.set('a', 'v', { ttl })).rejects.toMatchObject({ code: 'config-invalid' });
    await expect(tools.getOrLoad('a', () => 'v', { ttl })).rejects.toMatchObject({ code: 'config-invalid' });
  });

  test('too many tags, and tags that are none, are refused before the loader is asked', async () => {
    const tools = lockstep.namespace<string>('tools');
    const many = Array.from({ length: 65 }, (_, index) => `tag-${index}`);
    for (const tags of [many, ['']]) {
      await expect(tools.set('a', 'v', { tags })).rejects.toMatchObject({ code: 'config-invalid' });
      await expect(tools.getOrLoad('a', () => 'v', { tags })).rejects.toMatchObject({ code: 'config-invalid' });
    }
    expect(tools.stats().loads).toBe(0);
  });

  test('a namespace is opened once, under a name that can be one', () => {
    lockstep.namespace('tools');
    expect(() => lockstep.namespace('tools')).toThrow(/open already/);
    expect(() => lockstep.namespace('No Name')).toThrow(/takes a name like/);
    expect(() => lockstep.namespace('wrong', { ttl: 0, nearEntriesMax: -1 })).toThrow(
      /ttl: got 0.*nearEntriesMax: got -1/,
    );
  });

  test.each([
    [{}],
    [null],
    [{ everything: false }],
    [{ tag: 5 }],
    [{ tag: '' }],
    [{ namespace: '' }],
    [{ tags: ['x'] }],
    [{ tag: 'x', namespace: 'tools' }],
  ])('a scope that names none, or not exactly one, clears nothing: %j', async (scope) => {
    const tools = lockstep.namespace<string>('tools');
    await tools.set('a', 'v', { tags: ['x'] });
    await expect(lockstep.clear(scope as never)).rejects.toMatchObject({ code: 'config-invalid' });
    expect(tools.peek('a')).toBe('v');
  });

  test('a clear that waits for what there is not clears nothing', async () => {
    const tools = lockstep.namespace<string>('tools');
    await tools.set('a', 'v');
    const options = { wait: 'fence' as never };
    for (const clearing of [tools.clear('a', options), lockstep.clear({ everything: true }, options)]) {
      await expect(clearing).rejects.toMatchObject({
        code: 'config-invalid',
        message: expect.stringContaining('wait: got "fence", takes'),
      });
    }
    expect(tools.peek('a')).toBe('v');
  });
});
