import type { Clock, Timers } from '@lockstep/core';

interface Waiting {
  readonly dueMs: number;
  readonly run: () => void;
}

/** A clock that stands still until a test moves it, and the timers that it drives: it serves as both ports. */
export class FakeClock implements Clock, Timers {
  #monotonicMs: number;
  #aheadMs = 0;
  readonly #waiting = new Set<Waiting>();

  constructor(startMs = 1_000_000) {
    this.#monotonicMs = startMs;
  }

  nowMs(): number {
    return this.#monotonicMs + this.#aheadMs;
  }

  ceilingMs(): number {
    return this.nowMs();
  }

  monotonicMs(): number {
    return this.#monotonicMs;
  }

  /** How many timers wait. */
  get waiting(): number {
    return this.#waiting.size;
  }

  after(delayMs: number, run: () => void): () => void {
    const waiting: Waiting = { dueMs: this.#monotonicMs + Math.max(0, delayMs), run };
    this.#waiting.add(waiting);
    return () => {
      this.#waiting.delete(waiting);
    };
  }

  /**
   * Moves both times forward and calls what becomes due on the way, at its own time, in order of time and then of
   * `after`; also what those calls schedule within the span. Work that they leave to promises has not run yet: for that
   * use `run`.
   */
  advance(ms: number): void {
    const endMs = this.#monotonicMs + ms;
    for (let next = this.#nextDue(endMs); next !== undefined; next = this.#nextDue(endMs)) {
      this.#fire(next);
    }
    this.#monotonicMs = endMs;
  }

  /** Like `advance`, and lets all pending promises settle before the first and after every call. */
  async run(ms: number): Promise<void> {
    const endMs = this.#monotonicMs + ms;
    await settle();
    for (let next = this.#nextDue(endMs); next !== undefined; next = this.#nextDue(endMs)) {
      this.#fire(next);
      await settle();
    }
    this.#monotonicMs = endMs;
    await settle();
  }

  /** Lets wall time jump forward alone, as after a suspension of the machine: `monotonicMs` and timers stand still. */
  jump(ms: number): void {
    this.#aheadMs += ms;
  }

  #nextDue(endMs: number): Waiting | undefined {
    let next: Waiting | undefined;
    for (const waiting of this.#waiting) {
      if (waiting.dueMs <= endMs && (next === undefined || waiting.dueMs < next.dueMs)) {
        next = waiting;
      }
    }
    return next;
  }

  #fire(waiting: Waiting): void {
    this.#waiting.delete(waiting);
    this.#monotonicMs = Math.max(this.#monotonicMs, waiting.dueMs);
    waiting.run();
  }
}

/** Resolves after every promise that is ready now, and all that become ready by it, has run its callbacks. */
export async function settle(): Promise<void> {
  // The loop reaches the check phase only when the microtask queue is empty.
  await new Promise<void>((resolve) => setImmediate(resolve));
}
