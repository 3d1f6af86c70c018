import { describe, expect, test, vi } from 'vitest';
import type { Loader } from '../src/index.ts';
import { openLocal } from './local.ts';

describe('a loader that answers more than a value', () => {
  test('may say how long the value is fresh and stands in, and by which tags it is found', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { ttl: '1h' });
    await tools.getOrLoad('a', ({ answer }) => answer('v', { ttl: '1s', grace: '10s', tags: ['x'] }), { ttl: '2h' });
    clock.advance(1_000);
    const failing = (): never => {
      throw new Error('the origin is down');
    };
    expect(await tools.lookup('a', failing)).toMatchObject({ value: 'v', stale: true });
    await lockstep.clear({ tag: 'x' });
    await expect(tools.lookup('a', failing)).rejects.toMatchObject({ code: 'loader-failed' });
  });

  test('may have its value answered, and kept nowhere', async () => {
    const { lockstep } = await openLocal();
    const tools = lockstep.namespace<string>('tools');
    expect(await tools.getOrLoad('a', ({ answer }) => answer('v', { doNotStore: true }))).toBe('v');
    expect(tools.peek('a')).toBeUndefined();
    expect(await tools.getOrLoad('a', () => 'w')).toBe('w');
  });

  test('may confirm the value that it would replace, which it is shown', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { ttl: '1s', grace: '1h' });
    await tools.getOrLoad('a', () => 'v', { tags: ['x'] });
    clock.advance(2_000);
    const shown: unknown[] = [];
    const found = await tools.lookup('a', ({ stale, notModified }) => {
      shown.push(stale?.value);
      return notModified();
    });
    expect(found).toMatchObject({ outcome: 'loaded', value: 'v', stale: false });
    expect(shown).toEqual(['v']);
    expect(tools.peek('a')).toBe('v');
    await lockstep.clear({ tag: 'x' });
    expect(tools.peek('a')).toBeUndefined();
  });

  test('may not tell tags where the call does: until they are told, every clear of a scope overtakes the load', async () => {
    const { lockstep } = await openLocal();
    const tools = lockstep.namespace<string>('tools');
    const asked = tools.getOrLoad('a', ({ answer }) => answer('v', { tags: ['y'] }), { tags: ['x'] });
    await expect(asked).rejects.toMatchObject({ code: 'config-invalid', message: expect.stringContaining('tags') });
    const origin = Promise.withResolvers<string>();
    const first = tools.getOrLoad('a', async ({ answer }) => answer(await origin.promise, { tags: ['y'] }));
    await lockstep.clear({ tag: 'y' });
    const second = tools.getOrLoad('a', () => 'new');
    origin.resolve('old');
    expect([await first, await second]).toEqual(['old', 'new']);
  });

  test('cannot confirm what is not there: that is an error, and no lease stays behind', async () => {
    const { lockstep } = await openLocal();
    const tools = lockstep.namespace<string>('tools');
    const asked = tools.getOrLoad('a', ({ notModified }) => notModified());
    await expect(asked).rejects.toMatchObject({ code: 'loader-failed', cause: { code: 'config-invalid' } });
    expect(await tools.getOrLoad('a', () => 'v')).toBe('v');
  });

  test.each(['missing', 'denied'] as const)('is not asked again while its answer "%s" is kept', async (absence) => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { missingTtl: '10s', deniedTtl: '10s' });
    const load = vi.fn<Loader<string>>((context) => context[absence]());
    for (let call = 0; call < 3; call++) {
      expect(await tools.lookup('a', load)).toEqual({ outcome: 'miss', absence, stale: false, degraded: false });
    }
    await expect(tools.getOrLoad('a', load)).rejects.toMatchObject({ code: `value-${absence}` });
    clock.advance(9_000);
    expect([await tools.get('a'), tools.peek('a'), load.mock.calls.length]).toEqual([undefined, undefined, 1]);
    await tools.lookup('a', load);
    expect(load).toHaveBeenCalledTimes(1);
    clock.advance(1_000);
    await tools.lookup('a', load);
    expect(load).toHaveBeenCalledTimes(2);
    await tools.clear('a');
    expect(await tools.getOrLoad('a', () => 'v')).toBe('v');
  });

  test('may say for how long there is nothing; with a ttl of 0 in the namespace it is asked each time', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { missingTtl: 0 });
    let asked = 0;
    const load: Loader<string> = ({ missing }) => {
      asked++;
      return missing(asked > 2 ? { ttl: '1s' } : {});
    };
    for (let call = 0; call < 5; call++) await tools.lookup('a', load);
    expect(asked).toBe(3);
    clock.advance(1_000);
    await tools.lookup('a', load);
    expect(asked).toBe(4);
  });

  test('that fails is not asked again for `failedTtl`: its error is answered', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { failedTtl: '5s' });
    const load = vi.fn(() => {
      throw new Error('the origin is down');
    });
    for (let call = 0; call < 3; call++) {
      await expect(tools.getOrLoad('a', load)).rejects.toMatchObject({ code: 'loader-failed' });
    }
    expect(load).toHaveBeenCalledTimes(1);
    clock.advance(5_000);
    await expect(tools.getOrLoad('a', load)).rejects.toMatchObject({ code: 'loader-failed' });
    expect(load).toHaveBeenCalledTimes(2);
  });

  test.each([undefined, null, 'text', 42, Symbol('s')])('that throws %s is a loader that failed', async (thrown) => {
    const { lockstep } = await openLocal();
    const tools = lockstep.namespace<string>('tools');
    const asked = tools.getOrLoad('a', () => {
      throw thrown;
    });
    await expect(asked).rejects.toMatchObject({ code: 'loader-failed' });
    expect(await tools.getOrLoad('a', () => 'v')).toBe('v');
  });

  test('that never settles ends with the lease, and the next one is asked', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { lease: '3s' });
    const asked = tools.getOrLoad('a', () => new Promise<string>(() => {}));
    const outcome = expect(asked).rejects.toMatchObject({ code: 'loader-timed-out' });
    await clock.run(3_000);
    await outcome;
    expect(await tools.getOrLoad('a', () => 'v')).toBe('v');
  });
});

test('"not modified" takes the tags that the loader tells, or that the call makes of the value, else those it has', async () => {
  const { lockstep, clock } = await openLocal();
  const tools = lockstep.namespace<string>('tools', { ttl: '1s', grace: '1h' });
  for (const key of ['told', 'made', 'had']) await tools.set(key, 'v', { tags: ['before'] });
  clock.advance(2_000);
  await tools.getOrLoad('told', ({ notModified }) => notModified({ tags: ['after'] }));
  await tools.getOrLoad('made', ({ notModified }) => notModified(), { tags: () => ['after'] });
  await tools.getOrLoad('had', ({ notModified }) => notModified());
  const held = (): readonly boolean[] => ['told', 'made', 'had'].map((key) => tools.peek(key) !== undefined);
  expect(held()).toEqual([true, true, true]);
  await lockstep.clear({ tag: 'before' });
  expect(held()).toEqual([true, true, false]);
  await lockstep.clear({ tag: 'after' });
  expect(held()).toEqual([false, false, false]);
});

test('of "there is none" no function of the value is asked', async () => {
  const { lockstep } = await openLocal();
  const users = lockstep.namespace<{ readonly team: string }>('users');
  const options = { tags: ({ team }: { readonly team: string }) => [team], ttl: () => '1s' as const };
  expect(await users.lookup('a', ({ missing }) => missing(), options)).toMatchObject({ absence: 'missing' });
  expect(users.stats().loadsFailed).toBe(0);
});

test.each(['missing', 'denied'] as const)(
  'after the answer "%s", kept or not, the old value stands in no more',
  async (absence) => {
    const { lockstep, clock } = await openLocal();
    const options = { ttl: '1s', grace: '1h', missingTtl: 0, deniedTtl: 0, graceRetry: 0 } as const;
    const tools = lockstep.namespace<string>('tools', options);
    await tools.set('a', 'old');
    clock.advance(2_000);
    const none: Loader<string> = (context) => context[absence]();
    for (let call = 0; call < 2; call++) expect(await tools.lookup('a', none)).toMatchObject({ absence });
    expect(tools.stats().loads).toBe(2);
    const failing = tools.lookup('a', () => Promise.reject(new Error('the origin is down')));
    await expect(failing).rejects.toMatchObject({ code: 'loader-failed' });
  },
);
