import type { Incarnation } from '@lockstep/core';
import { CacheError, TierUnavailableError } from '@lockstep/core';
import { FakeClock, FakeRandom, RecordingLogger, settle } from '@lockstep/testkit';
import { expect, test, vi } from 'vitest';
import type { LockstepOptions } from './index.ts';
import { openLockstep } from './index.ts';
import { NullTier } from './null-tier.ts';

function open(options: Partial<LockstepOptions>) {
  const clock = new FakeClock();
  const parts = { clock, timers: clock, random: new FakeRandom(), secret: 'a secret of sixteen characters' };
  return openLockstep({ ...parts, tier: new NullTier(clock), ...options });
}

test.each([
  [{ every: 9 }, 'audit.every: got 9, takes a whole number from 10 to 3600000'],
  [{ entries: 0 }, 'audit.entries: got 0, takes a whole number from 1 to 1000'],
])('options that cannot be used are named: %j', async (audit, problem) => {
  await expect(open({ audit })).rejects.toMatchObject({
    code: 'config-invalid',
    message: expect.stringContaining(problem),
  });
});

test('one look asks the tier once, about so many entries at most, and none while the first is under way', async () => {
  const clock = new FakeClock();
  const tier = new NullTier(clock);
  const { promise, resolve } = Promise.withResolvers<readonly []>();
  const inspect = vi.spyOn(tier, 'inspect').mockReturnValue(promise);
  const lockstep = await open({
    clock,
    timers: clock,
    tier,
    maxStaleness: 60_000,
    deltaMax: 60_000,
    audit: { entries: 3 },
  });
  const tools = lockstep.namespace<string>('tools');
  for (let key = 0; key < 10; key++) await tools.set(`tool ${key}`, 'value');
  for (let second = 0; second < 5; second++) {
    clock.advance(1_000);
    await settle();
  }
  expect(inspect.mock.calls).toMatchObject([[{ length: 3 }]]);
  resolve([]);
  await lockstep.close();
});

test.each([
  ['refuses the question is told of once', new CacheError('tier-refused', 'NOPERM'), 1],
  ['is away is left to the heartbeat to tell', new TierUnavailableError('gone'), 0],
])('a tier that %s', async (_, error, times) => {
  const clock = new FakeClock();
  const tier = new NullTier(clock);
  const inspect = vi.spyOn(tier, 'inspect').mockRejectedValue(error);
  const logger = new RecordingLogger();
  const lockstep = await open({ clock, timers: clock, tier, logger, maxStaleness: 9_000 });
  await lockstep.namespace<string>('tools').set('tool', 'value');
  for (let second = 0; second < 5; second++) {
    clock.advance(1_250);
    await settle();
  }
  expect(inspect.mock.calls.length).toBeGreaterThan(2);
  expect(logger.entries.filter(({ message }) => message.startsWith('near entries cannot'))).toHaveLength(times);
  await lockstep.close();
});

test('a suspect that the tier cannot be asked about is asked about again', async () => {
  const clock = new FakeClock();
  const tier = new NullTier(clock);
  const overtaken = [{ header: undefined, controlIncarnation: 'f'.repeat(16) as Incarnation, epoch: 0 }];
  const inspect = vi.spyOn(tier, 'inspect').mockResolvedValue(overtaken);
  const lockstep = await open({ clock, timers: clock, tier, maxStaleness: 2_000 });
  await lockstep.namespace<string>('tools').set('tool', 'value');
  await clock.run(1_300);
  expect(inspect).toHaveBeenCalledOnce();
  inspect.mockRejectedValue(new TierUnavailableError('gone'));
  await clock.run(3_000);
  expect(inspect.mock.calls.length).toBeGreaterThan(1);
  inspect.mockResolvedValue(overtaken);
  await clock.run(1_300);
  expect(lockstep.stats().coherenceViolations).toBe(1);
  await lockstep.close();
});
