import type { Clock, Timers } from '@lockstep/core';
import type { World } from './world.ts';

/**
 * The machine of one node: its clock, which runs a little fast or slow, its timers, and what stops it.
 *
 * Everything that reaches the node goes through `deliver`: while the node is paused it waits, and once it has crashed
 * it is gone.
 */
export class SimMachine implements Clock, Timers {
  readonly number: number;
  readonly #world: World;
  readonly #rate: number;
  #jumpedMs = 0;
  #stoodStillMs = 0;
  #pausedUntilMs = 0;
  readonly #held: (() => void)[] = [];
  crashed = false;

  constructor(world: World, options: { readonly number: number; readonly rate: number }) {
    this.#world = world;
    this.number = options.number;
    this.#rate = options.rate;
  }

  nowMs(): number {
    return this.monotonicMs() + this.#jumpedMs;
  }

  ceilingMs(): number {
    return this.nowMs();
  }

  monotonicMs(): number {
    return 1_000 + (this.#world.nowMs - this.#stoodStillMs) * this.#rate;
  }

  after(delayMs: number, run: () => void): () => void {
    return this.#world.after(delayMs / this.#rate, () => this.deliver(run));
  }

  /** Runs something on this node: now, when its pause ends, or never. */
  deliver(run: () => void): void {
    if (this.crashed) return;
    const waitMs = this.#pausedUntilMs - this.#world.nowMs;
    if (waitMs === Number.POSITIVE_INFINITY) this.#held.push(run);
    else if (waitMs > 0) this.#world.after(waitMs, () => this.deliver(run));
    else run();
  }

  /** SIGSTOP and SIGCONT: nothing runs, time goes on. Without end: until `resume`. */
  pause(ms: number): void {
    this.#pausedUntilMs = Math.max(this.#pausedUntilMs, this.#world.nowMs + ms);
  }

  /** Ends a pause that has no end. */
  resume(): void {
    if (this.#pausedUntilMs === Number.POSITIVE_INFINITY) this.#pausedUntilMs = 0;
    for (const run of this.#held.splice(0)) this.#world.after(0, () => this.deliver(run));
  }

  /** The machine is suspended: nothing runs, monotonic time stands still, wall time jumps when it wakes. */
  suspend(ms: number): void {
    this.pause(ms);
    this.#world.after(ms, () => {
      this.#stoodStillMs += ms;
      this.#jumpedMs += ms * this.#rate;
    });
  }

  /** Someone sets the wall clock forward. */
  jump(ms: number): void {
    this.#jumpedMs += ms;
  }
}
