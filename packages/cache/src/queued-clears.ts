import type { Commit, Effect } from '@lockstep/core';
import { CacheError, CONTROL_PARTITION, OverloadedError, TierUnavailableError } from '@lockstep/core';
import type { Context } from '@opentelemetry/api';
import { context } from '@opentelemetry/api';
import type { Applier } from './apply.ts';
import { applyHint } from './apply.ts';
import type { Breaker } from './breaker.ts';
import type { Node } from './node.ts';
import type { Outbox } from './outbox.ts';

/** The most clears that wait for the tier on one node. */
export const QUEUED_CLEARS_MAX = 10_000;

/** A clear, or expire, that is yet to be committed. */
export interface QueuedClear {
  readonly partition: number;
  readonly effect: Effect;
  readonly send: () => Promise<Commit>;
  /** In which it was called: what it does later is a part of the same trace. */
  readonly context: Context;
}

/**
 * Clears, and expires, that the tier does not have yet: because it was away, when they are in effect on the nodes that the
 * bus reached, or because nobody waits for it, when they are in effect on this one.
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

  /** Takes a clear over and brings it into effect on this node. Throws `overloaded` where too many wait already. */
  add(clear: QueuedClear): void {
    const name = nameOf(clear);
    if (this.#isFull(name)) throw new OverloadedError(`${QUEUED_CLEARS_MAX} clears wait for the tier already`);
    // To the end of the queue, also where one waits already: a replay under way may be past that.
    this.#clears.delete(name);
    this.#clears.set(name, clear);
    applyHint(this.#node, clear.effect);
  }

  /** Takes over a clear that failed with `error`, here and on the nodes that the bus reaches; answers whether it could. */
  takeOver(clear: QueuedClear, error: unknown): boolean {
    if (!isTierAway(error) || this.#isFull(nameOf(clear))) return false;
    this.add(clear);
    this.#outbox.send({ type: 'hint', effect: clear.effect, sender: this.#node.id });
    return true;
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
    if (this.#clears.size === 0) return Promise.resolve(true);
    this.#replaying ??= this.#replay();
    return this.#replaying;
  }

  #isFull(name: string): boolean {
    return this.#clears.size >= QUEUED_CLEARS_MAX && !this.#clears.has(name);
  }

  /** Begins with a clear that has to be sent, so that it does not end before its caller knows it. */
  async #replay(): Promise<boolean> {
    try {
      for (const [name, clear] of this.#clears) {
        await context.with(clear.context, async () => {
          const commit = await this.#breaker.call(clear.send);
          this.#applier.committed(commit, clear.partition, { effect: clear.effect });
        });
        if (this.#clears.get(name) === clear) this.#clears.delete(name);
      }
      if (this.#clears.size === 0) this.#node.logger.info('clears that waited for the tier are committed');
      return this.#clears.size === 0;
    } catch (error) {
      if (error instanceof CacheError) return false;
      throw error;
    } finally {
      // At once: who adds a clear from here on must not be told that this replay had it.
      this.#replaying = undefined;
    }
  }
}

function nameOf({ effect }: QueuedClear): string {
  return `${effect.kind} ${'scopeId' in effect ? effect.scopeId : effect.keyId}`;
}

/** Whether the tier did not answer, or answered that it takes no writes for now. */
function isTierAway(error: unknown): boolean {
  if (error instanceof TierUnavailableError) return true;
  return error instanceof CacheError && error.code === 'tier-refused' && error.retryable;
}
