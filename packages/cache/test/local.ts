import { FakeClock, FakeRandom } from '@lockstep/testkit';
import { onTestFinished } from 'vitest';
import type { Lockstep } from '../src/index.ts';
import { openLockstep } from '../src/index.ts';

/** Longer than a node that closes waits for what does not end. */
const CLOSING_MS = 60_000;

/** A node of its own whose time the test moves; closed with the test, also where the test has left a load behind. */
export async function openLocal(): Promise<{ readonly lockstep: Lockstep; readonly clock: FakeClock }> {
  const clock = new FakeClock();
  const lockstep = await openLockstep({ clock, timers: clock, random: new FakeRandom() });
  onTestFinished(async () => {
    const closed = lockstep.close();
    await clock.run(CLOSING_MS);
    await closed;
  });
  return { lockstep, clock };
}

/** A loader that answers when the test says so, and counts how often it was asked. */
export class Origin<V> {
  readonly signals: AbortSignal[] = [];
  #pending: PromiseWithResolvers<V>[] = [];

  get asked(): number {
    return this.signals.length;
  }

  readonly load = ({ signal }: { readonly signal: AbortSignal }): Promise<V> => {
    const pending = Promise.withResolvers<V>();
    this.signals.push(signal);
    this.#pending.push(pending);
    return pending.promise;
  };

  /** Answers everyone who has asked. */
  answer(value: V): void {
    for (const { resolve } of this.#pending.splice(0)) resolve(value);
  }

  fail(reason: unknown): void {
    for (const { reject } of this.#pending.splice(0)) reject(reason);
  }
}
