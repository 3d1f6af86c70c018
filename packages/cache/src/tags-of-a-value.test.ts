import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Lockstep } from './index.ts';
import { openLockstep } from './index.ts';

describe('tags that the loaded value tells', () => {
  let lockstep: Lockstep;

  beforeEach(async () => {
    lockstep = await openLockstep();
  });

  afterEach(async () => {
    await lockstep.close();
  });

  test('the tags of a value may be told by the value', async () => {
    const tools = lockstep.namespace<readonly string[]>('tools');
    const load = (): readonly string[] => ['server:one', 'server:two'];
    await tools.getOrLoad('a', load, { tags: (servers) => servers });
    await lockstep.clear({ tag: 'server:three' });
    expect(tools.peek('a')).toEqual(load());
    await lockstep.clear({ tag: 'server:two' });
    expect(tools.peek('a')).toBeUndefined();
  });

  test('a load whose tags are not known yet is overtaken by the clear of any tag', async () => {
    const tools = lockstep.namespace<string>('tools');
    const origin = Promise.withResolvers<string>();
    const first = tools.getOrLoad('a', () => origin.promise, { tags: () => ['x'] });
    await lockstep.clear({ tag: 'x' });
    const second = tools.getOrLoad('a', () => 'new', { tags: () => ['x'] });
    origin.resolve('old');
    expect([await first, await second]).toEqual(['old', 'new']);
    expect(tools.peek('a')).not.toBe('old');
  });

  test('where telling them fails the load has failed: an older value may stand in, and the next caller loads', async () => {
    const tools = lockstep.namespace<string>('tools', { grace: 60_000 });
    const failing = (): never => {
      throw new TypeError('not of that form');
    };
    for (const options of [{ tags: failing }, { ttl: failing }]) {
      const loaded = tools.getOrLoad('a', () => 'v', options);
      await expect(loaded).rejects.toMatchObject({ code: 'loader-failed', cause: { message: 'not of that form' } });
    }
    const noList = tools.getOrLoad('a', () => 'v', { tags: () => 'x' as unknown as string[] });
    await expect(noList).rejects.toMatchObject({ code: 'config-invalid' });
    await tools.set('a', 'old');
    await tools.expire('a');
    expect(await tools.lookup('a', () => 'v', { tags: failing })).toMatchObject({ value: 'old', stale: true });
    expect(tools.stats().loadsFailed).toBe(3);
  });
});
