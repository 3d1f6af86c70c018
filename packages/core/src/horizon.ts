/** Node clocks run within this fraction of true rate. */
export const CLOCK_RATE_ERROR = 0.01;

/** How much of a life a node may use that another clock counts: `1 − 2.1ε`. */
export const LIFE_FACTOR: number = 1 - 2.1 * CLOCK_RATE_ERROR;

/** How long, measured on this node, covers `deltaMs` on every other node: `1 + 2.1ε`. */
export const WAIT_FACTOR: number = 1 + 2.1 * CLOCK_RATE_ERROR;

/**
 * Until when a node may serve each partition from its near-cache.
 *
 * A partition's horizon is the instant at which the node sent the newest heartbeat that found it applied up to the
 * partition's head. Staleness counts from the older of the partition's and the control partition's horizon.
 */
export class Horizons {
  readonly #deltaMs: number;
  readonly #data: Float64Array;
  #control = Number.NEGATIVE_INFINITY;
  /** Per partition: the last instant, in the clock's ms, at which its near entries may be served. */
  readonly serveUntil: Float64Array;

  constructor(partitions: number, deltaMs: number) {
    this.#deltaMs = deltaMs;
    this.#data = new Float64Array(partitions).fill(Number.NEGATIVE_INFINITY);
    this.serveUntil = new Float64Array(partitions).fill(Number.NEGATIVE_INFINITY);
  }

  /** Moves a data partition's horizon forward to `atMs`. */
  raise(partition: number, atMs: number): void {
    this.#data[partition] = Math.max(this.#data[partition] as number, atMs);
    this.serveUntil[partition] = Math.min(this.#data[partition] as number, this.#control) + this.#deltaMs;
  }

  /** Moves the control partition's horizon forward to `atMs`. */
  raiseControl(atMs: number): void {
    this.#control = Math.max(this.#control, atMs);
    for (let partition = 0; partition < this.#data.length; partition++) {
      this.raise(partition, Number.NEGATIVE_INFINITY);
    }
  }

  /** How far behind the tier's history an answer of a partition may be, in ms; infinite before the first heartbeat. */
  stalenessMs(partition: number, nowMs: number): number {
    return Math.max(0, nowMs - (this.serveUntil[partition] as number) + this.#deltaMs);
  }

  /** The same of all partitions. */
  worstStalenessMs(nowMs: number): number {
    return nowMs - Math.min(...this.serveUntil) + this.#deltaMs;
  }
}
