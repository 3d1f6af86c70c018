import type { Logger } from '@lockstep/core';

/** So many heartbeats in a row, and not one: any of them may meet a busy moment. */
const SLOW_BEATS = 3;

/** Heartbeats go out this many times per Δ, not counting what they take. */
export const BEATS_PER_DELTA = 4;

/** The longest that a heartbeat may wait for its turn, as a part of Δ: the period, with its jitter. */
const PERIOD_PART = 1.1 / BEATS_PER_DELTA;

/**
 * Whether heartbeats are quick enough to keep Δ. A horizon is the instant at which its heartbeat was sent, and the next
 * one moves it when it has been answered: one period and two heartbeats later. That must be within Δ.
 */
export class Pace {
  readonly #deltaMs: number;
  readonly #logger: Logger;
  #slowInARow = 0;
  #hasWarned = false;
  #slowness: string | undefined;

  constructor(deltaMs: number, logger: Logger) {
    this.#deltaMs = deltaMs;
    this.#logger = logger;
  }

  /** Why Δ cannot be kept, with what would be enough; undefined where it can. */
  get slowness(): string | undefined {
    return this.#slowness;
  }

  /** Takes how long a heartbeat took that was answered. */
  took(beatMs: number): void {
    const isSlow = 2 * beatMs > this.#deltaMs * (1 - PERIOD_PART);
    this.#slowInARow = isSlow ? this.#slowInARow + 1 : 0;
    this.#slowness = this.#slowInARow >= SLOW_BEATS ? this.#tell(beatMs) : undefined;
    if (this.#slowness === undefined || this.#hasWarned) return;
    this.#hasWarned = true;
    this.#logger.warn(this.#slowness);
  }

  #tell(beatMs: number): string {
    const everyMs = Math.round(this.#deltaMs / BEATS_PER_DELTA);
    const enoughMs = Math.ceil((2 * beatMs) / (1 - PERIOD_PART));
    const figures = `heartbeats take ${Math.round(beatMs)} ms and go out every ${everyMs} ms`;
    return `${figures}: maxStaleness ${this.#deltaMs} cannot be kept; raise it to at least ${enoughMs}, or bring the tier nearer`;
  }
}
