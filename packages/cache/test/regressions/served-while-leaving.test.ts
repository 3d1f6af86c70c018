import { openLockstep } from '@lockstep/cache';
import { FakeClock, FakeRandom } from '@lockstep/testkit';
import { expect, test } from 'vitest';

test('a node that leaves serves nothing from its near-cache any more', async () => {
  const clock = new FakeClock();
  const lockstep = await openLockstep({ clock, timers: clock, random: new FakeRandom() });
  const tools = lockstep.namespace<string>('tools');
  await tools.set('a', 'v');
  const closed = lockstep.close();
  expect(tools.peek('a')).toBeUndefined();
  await expect(tools.get('a')).rejects.toMatchObject({ code: 'closed' });
  await closed;
});

test('a load that outlasts the closing of its node is not kept', async () => {
  const clock = new FakeClock();
  const lockstep = await openLockstep({ clock, timers: clock, random: new FakeRandom() });
  const tools = lockstep.namespace<string>('tools');
  const origin = Promise.withResolvers<string>();
  const loaded = tools.getOrLoad('a', () => origin.promise);
  await clock.run(1);
  const closed = lockstep.close();
  await clock.run(3_000);
  await closed;
  origin.resolve('v');
  expect(await loaded).toBe('v');
  expect(tools.peek('a')).toBeUndefined();
  await expect(tools.get('a')).rejects.toMatchObject({ code: 'closed' });
});
