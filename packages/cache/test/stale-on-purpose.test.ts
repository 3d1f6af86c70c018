import { describe, expect, test } from 'vitest';
import type { LoadContext } from '../src/index.ts';
import { Origin, openLocal } from './local.ts';

const failing = (): never => {
  throw new Error('the origin is down');
};

describe('a value that stands in', () => {
  test('is answered once the soft timeout is over, and the load that goes on replaces it', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { ttl: '1s', grace: '1h', softTimeout: 200 });
    const origin = new Origin<string>();
    await tools.set('a', 'old');
    clock.advance(2_000);
    const asked = tools.lookup('a', origin.load);
    await clock.run(199);
    await clock.run(1);
    expect(await asked).toMatchObject({ value: 'old', stale: true });
    origin.answer('new');
    await clock.run(0);
    expect(tools.peek('a')).toBe('new');
  });

  test('is not waited for with a soft timeout of the call alone', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { ttl: '1s', grace: '1h' });
    const origin = new Origin<string>();
    await tools.set('a', 'old');
    clock.advance(2_000);
    const asked = tools.lookup('a', origin.load, { softTimeout: '50ms' });
    await clock.run(50);
    expect(await asked).toMatchObject({ value: 'old', stale: true });
    origin.answer('new');
    await clock.run(0);
  });

  test('is not answered early by a load that an event has overtaken', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { ttl: '1s', grace: '1h', softTimeout: 200 });
    const origin = new Origin<string>();
    await tools.set('a', 'old');
    clock.advance(2_000);
    const asked = tools.lookup('a', origin.load);
    await clock.run(100);
    await tools.clear('a');
    await clock.run(200);
    origin.answer('new');
    expect(await asked).toMatchObject({ value: 'new', stale: false });
  });

  test('is not answered early once one of its tags is cleared, though the load has others', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { ttl: '1s', grace: '1h', softTimeout: 200 });
    const origin = new Origin<string>();
    await tools.set('a', 'old', { tags: ['before'] });
    clock.advance(2_000);
    const asked = [tools.lookup('a', origin.load, { tags: ['after'] })];
    await clock.run(100);
    await lockstep.clear({ tag: 'before' });
    asked.push(tools.lookup('a', origin.load, { tags: ['after'] }));
    await clock.run(200);
    origin.answer('new');
    for (const answer of asked) expect(await answer).toMatchObject({ value: 'new', stale: false });
  });

  test('is answered to those who come after an early answer as long as it may stand in, and no longer', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { ttl: '1s', grace: '3s', softTimeout: 100 });
    const origin = new Origin<string>();
    await tools.set('a', 'old');
    clock.advance(1_500);
    const first = tools.lookup('a', origin.load);
    await clock.run(100);
    expect(await first).toMatchObject({ value: 'old', stale: true });
    expect(await tools.lookup('a', origin.load)).toMatchObject({ value: 'old', stale: true });
    await clock.run(5_000);
    const late = tools.lookup('a', origin.load);
    await clock.run(0);
    origin.answer('new');
    expect(await late).toMatchObject({ value: 'new', stale: false });
    expect(origin.asked).toBe(1);
  });

  test('is answered at once while it is revalidated, for as long as the namespace says', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { ttl: '1s', staleWhileRevalidate: '10s', grace: '1h' });
    const origin = new Origin<string>();
    await tools.set('a', 'old');
    clock.advance(5_000);
    expect(await tools.lookup('a', origin.load)).toMatchObject({ value: 'old', stale: true });
    expect(origin.asked).toBe(1);
    origin.answer('new');
    await clock.run(0);
    expect(await tools.lookup('a', origin.load)).toMatchObject({ value: 'new', stale: false, source: 'near' });
    clock.advance(12_000);
    const late = tools.lookup('a', origin.load);
    await clock.run(0);
    origin.answer('newest');
    expect(await late).toMatchObject({ value: 'newest', stale: false });
  });

  test('is not answered at once after an expire: only a load that fails brings it back', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { ttl: '1h', staleWhileRevalidate: '10s', grace: '1h' });
    await tools.set('a', 'old');
    await tools.expire('a');
    expect(await tools.lookup('a', () => 'new')).toMatchObject({ value: 'new', stale: false });
    await tools.expire('a');
    expect(await tools.lookup('a', failing)).toMatchObject({ value: 'new', stale: true });
    clock.advance(1);
  });

  test('keeps the origin from being asked again for a while after a failure', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { ttl: '1s', grace: '1h', graceRetry: '5s' });
    await tools.set('a', 'old');
    clock.advance(2_000);
    let asked = 0;
    const load = (): never => {
      asked++;
      throw new Error('the origin is down');
    };
    for (let call = 0; call < 3; call++) expect(await tools.lookup('a', load)).toMatchObject({ stale: true });
    clock.advance(4_000);
    expect(await tools.lookup('a', load)).toMatchObject({ stale: true });
    expect(asked).toBe(1);
    clock.advance(1_000);
    expect(await tools.lookup('a', load)).toMatchObject({ stale: true });
    expect(asked).toBe(2);
  });

  test('keeps the origin from being asked no longer than it stands in', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { ttl: '1s', grace: '3s', graceRetry: '1h' });
    await tools.set('a', 'old');
    clock.advance(2_000);
    expect(await tools.lookup('a', failing)).toMatchObject({ stale: true });
    clock.advance(2_000);
    expect(await tools.lookup('a', () => 'new')).toMatchObject({ value: 'new', stale: false });
  });

  test('is asked for anew at once when an event says that things have changed', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { ttl: '1s', grace: '1h', graceRetry: '1h' });
    await tools.set('a', 'old');
    clock.advance(2_000);
    expect(await tools.lookup('a', failing)).toMatchObject({ stale: true });
    await tools.expire('a');
    expect(await tools.lookup('a', () => 'new')).toMatchObject({ value: 'new', stale: false });
  });

  test('stands in for as long as its own call said', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { ttl: '1s', grace: '1h' });
    await tools.set('short', 'old', { grace: '2s' });
    await tools.set('long', 'old');
    clock.advance(4_000);
    await expect(tools.lookup('short', failing)).rejects.toMatchObject({ code: 'loader-failed' });
    expect(await tools.lookup('long', failing)).toMatchObject({ stale: true });
  });
});

describe('a load ahead of time', () => {
  test('begins with the first question after its part of the ttl, and nobody waits for it', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { ttl: '100s', eagerRefresh: 0.8 });
    const origin = new Origin<string>();
    await tools.getOrLoad('a', () => 'old');
    clock.advance(60_000);
    await tools.lookup('a', origin.load);
    await clock.run(0);
    expect(origin.asked).toBe(0);
    clock.advance(20_000);
    for (let call = 0; call < 3; call++) {
      expect(await tools.lookup('a', origin.load)).toMatchObject({ value: 'old', stale: false, source: 'near' });
    }
    await clock.run(0);
    expect(origin.asked).toBe(1);
    origin.answer('new');
    await clock.run(0);
    expect(tools.peek('a')).toBe('new');
  });

  test('is tried again after graceRetry where it fails', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { ttl: '100s', eagerRefresh: 0.5, graceRetry: '5s' });
    await tools.getOrLoad('a', () => 'old');
    clock.advance(60_000);
    await tools.getOrLoad('a', failing);
    await clock.run(4_999);
    expect(await tools.getOrLoad('a', () => 'too soon')).toBe('old');
    await clock.run(1);
    expect(tools.peek('a')).toBe('old');
    expect(await tools.getOrLoad('a', () => 'new')).toBe('old');
    await clock.run(0);
    expect(tools.peek('a')).toBe('new');
  });

  test('changes nothing where it fails', async () => {
    const { lockstep, clock } = await openLocal();
    const tools = lockstep.namespace<string>('tools', { ttl: '100s', eagerRefresh: 0.5 });
    await tools.getOrLoad('a', () => 'old');
    clock.advance(60_000);
    expect(await tools.getOrLoad('a', failing)).toBe('old');
    await clock.run(0);
    expect(tools.peek('a')).toBe('old');
    expect(tools.stats().loadsFailed).toBe(1);
  });
});

test('jitter shortens a ttl by up to its part, and never lengthens it', async () => {
  const { lockstep, clock } = await openLocal();
  const tools = lockstep.namespace<string>('tools', { ttl: '100s', jitter: 0.5 });
  const keys = Array.from({ length: 50 }, (_, index) => `key-${index}`);
  for (const key of keys) await tools.getOrLoad(key, () => 'v');
  const held = (): number => keys.filter((key) => tools.peek(key) !== undefined).length;
  clock.advance(48_000);
  expect(held()).toBe(50);
  clock.advance(27_000);
  expect(held()).toBeGreaterThan(0);
  expect(held()).toBeLessThan(50);
  clock.advance(25_000);
  expect(held()).toBe(0);
});

test.each([
  ['a ttl of its own', {}, (): string => 'v'],
  ['no value', {}, ({ missing }: LoadContext<string>) => missing()],
  ['a shorter time near', { nearTtl: '10s' }, (): string => 'v'],
] as const)('a load ahead of time does not follow upon each answer of an entry with %s', async (_, options, load) => {
  const { lockstep, clock } = await openLocal();
  const tools = lockstep.namespace<string>('tools', { ttl: '100s', eagerRefresh: 0.8, missingTtl: '10s', ...options });
  for (let call = 0; call < 5; call++) {
    await tools.lookup('a', load, 'nearTtl' in options ? {} : { ttl: '10s' });
    await clock.run(0);
  }
  expect(tools.stats().loads).toBe(1);
});

test('stale answers are counted once each, and none that nobody gets', async () => {
  const { lockstep, clock } = await openLocal();
  const swr = lockstep.namespace<string>('swr', { ttl: '1s', staleWhileRevalidate: '10s', softTimeout: 100 });
  const eager = lockstep.namespace<string>('eager', { ttl: '4s', grace: '1h', eagerRefresh: 0.25, softTimeout: 100 });
  const origin = new Origin<string>();
  await swr.set('a', 'old');
  await eager.set('a', 'old');
  clock.advance(2_000);
  expect(await swr.lookup('a', origin.load)).toMatchObject({ stale: true });
  expect(await eager.lookup('a', origin.load)).toMatchObject({ stale: false });
  await clock.run(200);
  origin.fail(new Error('the origin is down'));
  await clock.run(0);
  expect(origin.asked).toBe(2);
  expect([swr.stats().staleAnswers, eager.stats().staleAnswers]).toEqual([1, 0]);
});
