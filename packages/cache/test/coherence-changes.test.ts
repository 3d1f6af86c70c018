import { TierUnavailableError } from '@lockstep/core';
import { FakeClock, FakeRandom } from '@lockstep/testkit';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { Coherence, Lockstep } from '../src/index.ts';
import { openLockstep } from '../src/index.ts';
import { NullBus, NullTier } from '../src/null-tier.ts';

/** A tier that answers nothing while it is away. */
class AwayTier extends NullTier {
  isAway = false;
  /** While it is set, nothing is answered before it resolves. */
  silence: Promise<void> | undefined;

  override async beat(): Promise<void> {
    await this.silence;
    if (this.isAway) throw new TierUnavailableError('the tier is away');
  }
}

async function openWatched(): Promise<{
  readonly lockstep: Lockstep;
  readonly clock: FakeClock;
  readonly tier: AwayTier;
  readonly told: Coherence[];
  readonly stop: () => void;
}> {
  const clock = new FakeClock();
  const tier = new AwayTier(clock);
  const parts = { clock, timers: clock, random: new FakeRandom(), tier, bus: new NullBus() };
  const lockstep = await openLockstep({ ...parts, secret: 'a secret of some length', audit: false });
  onTestFinished(() => lockstep.close());
  const told: Coherence[] = [];
  const stop = lockstep.onCoherenceChange((coherence) => told.push(coherence));
  return { lockstep, clock, tier, told, stop };
}

describe('a change of coherence', () => {
  test('is told when the bound runs out, with its reason, and when heartbeats succeed again', async () => {
    const { lockstep, clock, tier, told } = await openWatched();
    await clock.run(10_000);
    expect(told).toEqual([]);
    tier.isAway = true;
    await clock.run(1_000);
    expect([told, lockstep.coherence.state]).toEqual([[], 'coherent']);
    await clock.run(1_500);
    expect(told).toMatchObject([{ state: 'degraded', sinceMs: 0, reason: 'the tier is away' }]);
    await clock.run(1_000);
    expect(lockstep.coherence.sinceMs).toBeGreaterThanOrEqual(1_000);
    tier.isAway = false;
    await clock.run(1_000);
    expect(told.map(({ state }) => state)).toEqual(['degraded', 'coherent']);
  });

  test('is told when the bound runs out also while a heartbeat waits for its answer', async () => {
    const { clock, tier, told } = await openWatched();
    await clock.run(1_000);
    const { promise, resolve } = Promise.withResolvers<void>();
    tier.silence = promise;
    await clock.run(2_100);
    resolve();
    expect(told.map(({ state }) => state)).toEqual(['degraded']);
    await clock.run(100);
  });

  test('is not told to who has ended that, nor after the node has closed, and a listener that throws hurts nobody', async () => {
    const { lockstep, clock, tier, told, stop } = await openWatched();
    const others: Coherence[] = [];
    lockstep.onCoherenceChange(() => {
      throw new Error('a listener fails');
    });
    lockstep.onCoherenceChange((coherence) => others.push(coherence));
    stop();
    tier.isAway = true;
    await clock.run(5_000);
    expect([told.length, others.length]).toEqual([0, 1]);
    const closing = lockstep.close();
    await clock.run(10_000);
    await closing;
    expect([others.length, clock.waiting]).toEqual([1, 0]);
  });
});
