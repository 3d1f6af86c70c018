import type { CacheError } from '@lockstep/core';
import { TierUnavailableError } from '@lockstep/core';

/** Where to find out whether the tier answers. */
export interface BreakerOptions {
  /** Asks for a heartbeat soon: the probe that decides. */
  readonly probe: () => void;
}

/**
 * Keeps lookups from waiting on a tier that does not answer.
 *
 * A call that is not answered in time is a suspicion, and asks for a heartbeat. One that fails trips the breaker; the
 * next one that succeeds closes it. In between, lookups do without the tier. A single slow call trips nothing: a node
 * that is merely busy would otherwise send all its lookups to the origin.
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

  /** Calls the tier; where it does not answer, asks for a heartbeat. The error goes on to the caller. */
  async call<R>(work: () => Promise<R>): Promise<R> {
    try {
      return await work();
    } catch (error) {
      if (error instanceof TierUnavailableError && this.closed) this.#probe();
      throw error;
    }
  }
}
