/** How much may happen. */
export interface RateLimitOptions {
  /** How much at once. */
  readonly burst: number;
  /** How much of it comes back in a second. */
  readonly perSecond: number;
  /** Of how many names it keeps account; the one that is quiet for longest is forgotten for a new one. */
  readonly namesMax: number;
  readonly nowMs: () => number;
}

/** A bucket of tokens for each name: each use takes one, and time gives them back. */
export class RateLimit {
  readonly #options: RateLimitOptions;
  /** Oldest use first. */
  readonly #buckets: Map<string, { left: number; atMs: number }> = new Map();

  constructor(options: RateLimitOptions) {
    this.#options = options;
  }

  /** How many seconds to wait before the next use, whole and at least 1; 0: it may be made now. Takes nothing. */
  waitSeconds(name: string): number {
    const left = this.#left(name);
    return left >= 1 ? 0 : Math.max(1, Math.ceil((1 - left) / this.#options.perSecond));
  }

  /** Counts a use. */
  use(name: string): void {
    const left = this.#left(name);
    this.#buckets.delete(name);
    this.#buckets.set(name, { left: Math.max(0, left - 1), atMs: this.#options.nowMs() });
    const [oldest] = this.#buckets.keys();
    if (this.#buckets.size > this.#options.namesMax) this.#buckets.delete(oldest as string);
  }

  #left(name: string): number {
    const { burst, perSecond, nowMs } = this.#options;
    const bucket = this.#buckets.get(name);
    if (bucket === undefined) return burst;
    return Math.min(burst, bucket.left + ((nowMs() - bucket.atMs) / 1_000) * perSecond);
  }
}
