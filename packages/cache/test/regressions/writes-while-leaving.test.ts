import type { Commit, KeyAddress } from '@lockstep/core';
import { FakeClock, FakeRandom } from '@lockstep/testkit';
import { expect, test } from 'vitest';
import { openLockstep } from '../../src/index.ts';
import { NullBus, NullTier } from '../../src/null-tier.ts';

/** A tier that takes its time to commit, and commits nothing more once it is closed. */
class SlowTier extends NullTier {
  readonly #clock: FakeClock;
  #isClosed = false;

  constructor(clock: FakeClock) {
    super(clock);
    this.#clock = clock;
  }

  override async put(write: KeyAddress): Promise<Commit> {
    await new Promise<void>((resolve) => void this.#clock.after(500, resolve));
    if (this.#isClosed) throw new Error('closed before it was written');
    return super.put(write);
  }

  override async clearScope(): Promise<Commit> {
    await new Promise<void>((resolve) => void this.#clock.after(500, resolve));
    if (this.#isClosed) throw new Error('closed before it was cleared');
    return super.clearScope();
  }

  override async close(): Promise<void> {
    this.#isClosed = true;
  }
}

test('writes that are under way when their node closes are committed before it is closed', async () => {
  const clock = new FakeClock();
  const parts = { clock, timers: clock, random: new FakeRandom(), tier: new SlowTier(clock), bus: new NullBus() };
  const lockstep = await openLockstep({ ...parts, secret: 'a secret of some length' });
  const tools = lockstep.namespace<string>('tools');
  const writes = [tools.set('a', 'v'), lockstep.clear({ tag: 'x' })];
  const closed = lockstep.close();
  await clock.run(1_000);
  await closed;
  expect((await Promise.allSettled(writes)).map(({ status }) => status)).toEqual(['fulfilled', 'fulfilled']);
});
