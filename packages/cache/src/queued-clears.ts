import type { Commit, Effect } from '@lockstep/core';
import { CacheError, CONTROL_PARTITION, TierUnavailableError } from '@lockstep/core';
import type { Applier } from './apply.ts';
import { applyHint } from './apply.ts';
import type { Breaker } from './breaker.ts';
import type { Node } from './node.ts';
import type { Outbox } from './outbox.ts';

/** The most clears that a node holds back for a tier that is away. */
export const QUEUED_CLEARS_MAX = 10_000;

/** A clear that is yet to be committed. */
export interface QueuedClear {
  readonly partition: number;
  readonly effect: Effect;
  readonly send: () => Promise<Commit>;
}

/**
 * Clears that were made while the tier was away: in effect on the nodes that the bus reached, committed nowhere.
 *
 * They are committed before this node reads or writes a value in their partition again, so that it never answers what
 * it was told to clear. A node that dies takes its own with it.
 */
export class QueuedClears {
  readonly #node: Node;
  readonly #breaker: Breaker;
  readonly #applier: Applier;
  readonly #outbox: Outbox;
  /** One for each key or scope, oldest first. */
  readonly #clears: Map<string, QueuedClear> = new Map();
  #replaying: Promise<boolean> | undefined;

  constructor(node: Node, via: { readonly breaker: Breaker; readonly applier: Applier; readonly outbox: Outbox }) {
    this.#node = node;
    this.#breaker = via.breaker;
    this.#applier = via.applier;
    this.#outbox = via.outbox;
  }

  get size(): number {
    return this.#clears.size;
  }

  /** Takes over a clear that was not committed and brings it into effect; rethrows `error` where it is not the tier that is away. */
  add(clear: QueuedClear, error: unknown): void {
    const name = nameOf(clear);
    const isFull = this.#clears.size >= QUEUED_CLEARS_MAX && !this.#clears.has(name);
    if (!isTierAway(error) || isFull) throw error;
    this.#clears.set(name, clear);
    applyHint(this.#node, clear.effect);
    this.#outbox.send({ type: 'hint', effect: clear.effect, sender: this.#node.id });
  }

  /** Whether a value of this partition may be read or written: no clear that concerns it is left to commit. */
  async settled(partition: number): Promise<boolean> {
    return !this.concerns(partition) || this.replay();
  }

  /** Whether a clear of this partition, or of a scope, is left to commit. */
  concerns(partition: number): boolean {
    if (this.#clears.size === 0) return false;
    for (const clear of this.#clears.values()) {
      if (clear.partition === partition || clear.partition === CONTROL_PARTITION) return true;
    }
    return false;
  }

  /** Commits what is queued, in order, as far as the tier answers; answers whether nothing is left. */
  replay(): Promise<boolean> {
    this.#replaying ??= this.#replay().finally(() => {
      this.#replaying = undefined;
    });
    return this.#replaying;
  }

  async #replay(): Promise<boolean> {
    for (const [name, clear] of this.#clears) {
      try {
        const commit = await this.#breaker.call(clear.send);
        this.#applier.committed(commit, clear.partition, { effect: clear.effect });
      } catch (error) {
        if (error instanceof CacheError) return false;
        throw error;
      }
      if (this.#clears.get(name) === clear) this.#clears.delete(name);
    }
    if (this.#clears.size === 0) this.#node.logger.info('clears that waited for the tier are committed');
    return this.#clears.size === 0;
  }
}

function nameOf({ effect }: QueuedClear): string {
  return effect.kind === 'clear-scope' ? `scope ${effect.scopeId}` : effect.keyId;
}

/** Whether the tier did not answer, or answered that it takes no writes for now. */
function isTierAway(error: unknown): boolean {
  if (error instanceof TierUnavailableError) return true;
  return error instanceof CacheError && error.code === 'tier-refused' && error.retryable;
}
