import type { CacheError } from '@lockstep/core';
import { TierUnavailableError } from '@lockstep/core';

/** After so many lookups in a row that waited for the tier too long, further ones do without it. */
const OVERRUNS_MAX = 10;

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
 * that is merely busy would otherwise send all its lookups to the origin. Many lookups in a row that waited for longer
 * than their `tierTimeout` trip it, too; when it is closed after that, it is on probation: the next one is enough.
 */
export class Breaker {
  readonly #probe: () => void;
  #failure: CacheError | undefined;
  /** How many lookups have waited too long since the last one that did not. */
  #overruns = 0;

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
    if (failure === undefined) this.#overruns = Math.min(this.#overruns, OVERRUNS_MAX - 1);
  }

  /** A lookup had its answer within its time. */
  kept(): void {
    this.#overruns = 0;
  }

  /** A lookup waited for all of its time, and went on without the tier. */
  overran(timeoutMs: number): void {
    this.#overruns++;
    if (this.#overruns < OVERRUNS_MAX || !this.closed) return;
    const remedy = 'look at the server and the network, or raise tierTimeout';
    this.#failure = new TierUnavailableError(`lookups wait for the tier for ${timeoutMs} ms (tierTimeout): ${remedy}`);
    this.#probe();
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
