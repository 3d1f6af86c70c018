import type { CacheError } from '@lockstep/core';
import { TierUnavailableError } from '@lockstep/core';

/** Where to find out whether the tier answers again. */
export interface BreakerOptions {
  /** Asks for a heartbeat: the one probe that a tripped breaker lets through. */
  readonly probe: () => void;
}

/**
 * Keeps lookups from waiting on a tier that does not answer.
 *
 * One call that the tier does not answer in time trips it; the next heartbeat that succeeds closes it. Between the
 * two, lookups do without the tier.
 */
export class Breaker {
  readonly #probe: () => void;
  #failure: CacheError | undefined;

  constructor(options: BreakerOptions) {
    this.#probe = options.probe;
  }

  /** Whether calls may go to the tier. */
  get closed(): boolean {
    return this.#failure === undefined;
  }

  /** Why the tier is not asked; undefined when it is. */
  get failure(): CacheError | undefined {
    return this.#failure;
  }

  /** Takes the outcome of a heartbeat. */
  beat(failure: CacheError | undefined): void {
    this.#failure = failure;
  }

  /** Calls the tier; a call it does not answer trips the breaker. What it refuses says nothing about other calls. */
  async call<R>(work: () => Promise<R>): Promise<R> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof TierUnavailableError && this.#failure === undefined) {
        this.#failure = error;
        this.#probe();
      }
      throw error;
    }
  }
}
