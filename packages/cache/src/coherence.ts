import type { Breaker } from './breaker.ts';
import type { Node } from './node.ts';

/**
 * Whether a node can vouch for its near-cache. `coherent`: it proved within Δ that it has applied everything.
 * `degraded`: it could not, and its answers are marked. `isolated`: neither tier nor bus answers.
 */
export interface Coherence {
  readonly state: 'coherent' | 'degraded' | 'isolated';
  /** How far behind the tier's history an answer may be, in ms; infinite before the node joined. 0 in local mode. */
  readonly stalenessMs: number;
  /** For how long the state has been what it is, in ms, as far as this node has noticed. */
  readonly sinceMs: number;
  /** Why the state is not `coherent`. */
  readonly reason?: string;
}

/** Hears of a node's coherence when its state changes. */
export type CoherenceListener = (coherence: Coherence) => void;

/** Watches whether a node can vouch for its near-cache, and tells when that changes. */
export class CoherenceWatch {
  readonly #node: Node;
  readonly #breaker: Breaker;
  readonly #listeners: Set<CoherenceListener> = new Set();
  #told: Coherence['state'] | undefined;
  #changedMs: number;
  #cancel: () => void = () => {};
  #isClosed = false;

  constructor(node: Node, breaker: Breaker) {
    this.#node = node;
    this.#breaker = breaker;
    this.#changedMs = node.clock.monotonicMs();
  }

  get now(): Coherence {
    const { clock, shared } = this.#node;
    const sinceMs = clock.monotonicMs() - this.#changedMs;
    if (!shared) return { state: 'coherent', stalenessMs: 0, sinceMs };
    const { horizons, deltaMs, pace, bus } = this.#node;
    const stalenessMs = horizons.worstStalenessMs(clock.nowMs());
    if (stalenessMs <= deltaMs) return { state: 'coherent', stalenessMs, sinceMs };
    const silence = 'no heartbeat has been answered within the staleness bound';
    const reason = this.#breaker.failure?.message ?? pace.slowness ?? silence;
    return { state: bus.connected ? 'degraded' : 'isolated', stalenessMs, sinceMs, reason };
  }

  /** Tells `listener` of every change from now on; answers a function that ends that. */
  listen(listener: CoherenceListener): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  /** Looks, now and when the bound of a state that is coherent runs out: no heartbeat tells of its own absence. */
  look(): void {
    if (this.#isClosed) return;
    this.#cancel();
    const { clock, timers, deltaMs, logger } = this.#node;
    const seen = this.now;
    if (seen.state !== this.#told) {
      this.#changedMs = clock.monotonicMs();
      const isFirst = this.#told === undefined;
      this.#told = seen.state;
      for (const listener of isFirst ? [] : this.#listeners) {
        try {
          listener({ ...seen, sinceMs: 0 });
        } catch (error) {
          logger.error('a listener to the coherence of this node failed', { error: String(error) });
        }
      }
    }
    if (seen.state === 'coherent') this.#cancel = timers.after(deltaMs - seen.stalenessMs + 1, () => this.look());
  }

  close(): void {
    this.#isClosed = true;
    this.#cancel();
    this.#listeners.clear();
  }
}
