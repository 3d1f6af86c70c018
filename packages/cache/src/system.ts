import { randomBytes } from 'node:crypto';
import { performance } from 'node:perf_hooks';
import type { Clock, Logger, Random, Timers } from '@lockstep/core';

/** By how much wall time and monotonic time may part between two readings before it counts as a jump. */
const JUMP_MS = 20;

/**
 * The machine's clock: monotonic time, pushed forward by every jump of wall time, as when the machine was suspended
 * and its monotonic clock stood still. It never goes back.
 */
export class SystemClock implements Clock {
  #apartMs: number = Date.now() - performance.now();
  #jumpedMs = 0;

  nowMs(): number {
    const monotonicMs = performance.now();
    const movedMs = Date.now() - monotonicMs - this.#apartMs;
    if (movedMs > JUMP_MS || movedMs < -JUMP_MS) this.#wallJumped(movedMs);
    return monotonicMs + this.#jumpedMs;
  }

  monotonicMs(): number {
    return performance.now();
  }

  #wallJumped(movedMs: number): void {
    this.#apartMs += movedMs;
    if (movedMs > 0) this.#jumpedMs += movedMs;
  }
}

/** Timers of the event loop. */
export const systemTimers: Timers = {
  after(delayMs, run) {
    const timer = setTimeout(run, delayMs);
    timer.unref();
    return () => clearTimeout(timer);
  },
};

/** The machine's randomness. */
export const systemRandom: Random = {
  hex: (bytes) => randomBytes(bytes).toString('hex'),
  fraction: () => Math.random(),
};

/** Says nothing. */
export const silentLogger: Logger = { info: () => {}, warn: () => {}, error: () => {} };
