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
  /** The millisecond of wall time in which `#ceilingMs` holds. */
  #wallMs: number = Number.NaN;
  #ceilingMs = 0;

  nowMs(): number {
    const monotonicMs = performance.now();
    const movedMs = Date.now() - monotonicMs - this.#apartMs;
    if (movedMs > JUMP_MS || movedMs < -JUMP_MS) this.#wallJumped(movedMs);
    return monotonicMs + this.#jumpedMs;
  }

  /**
   * One reading of wall time: while that stays in one millisecond, less than 1 ms can have passed since the full
   * reading made in it, and any other value makes a full one. What it cannot see is a wall clock that is set back into
   * the very millisecond of the last full reading before anything else has read the clock.
   */
  ceilingMs(): number {
    const wallMs = Date.now();
    return wallMs === this.#wallMs ? this.#ceilingMs : this.#readCeiling(wallMs);
  }

  monotonicMs(): number {
    return performance.now();
  }

  /**
   * `wallMs` was read before: however long this is held up, monotonic time is read no earlier. The ceiling is a whole
   * number, which V8 answers without allocating.
   */
  #readCeiling(wallMs: number): number {
    const ceilingMs = Math.ceil(this.nowMs()) + 1;
    this.#ceilingMs = ceilingMs;
    this.#wallMs = wallMs;
    return ceilingMs;
  }

  #wallJumped(movedMs: number): void {
    this.#apartMs += movedMs;
    if (movedMs > 0) this.#jumpedMs += movedMs;
    this.#wallMs = Number.NaN;
  }
}

/** Timers of the event loop. */
export const systemTimers: Timers = {
  after(delayMs, run) {
    const timer = setTimeout(run, Math.max(0, delayMs));
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
