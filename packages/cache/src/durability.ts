import type { Commit, ReplicasWanted } from '@lockstep/core';
import { CacheError } from '@lockstep/core';
import type { Duration } from './duration.ts';
import type { Node } from './node.ts';

/** How safe a write is to be in the tier before it resolves. */
export interface DurabilityOptions {
  /** How many replicas of the tier's primary are to have the write, 1 to 100. Default: none; it has to be said. */
  readonly replicas: number;
  /** How long that is waited for; the write then resolves all the same. Default: `100ms`. */
  readonly timeout?: Duration;
}

/** How many replicas of the tier's primary had a write, and all before it, when it resolved; 0 also where that is not known. */
export interface Replicas {
  readonly acknowledged: number;
  readonly wanted: number;
}

/** Holds the answers to writes back until replicas have them, or the time is over. */
export class Durability {
  readonly #node: Node;
  readonly #wanted: ReplicasWanted | undefined;
  /** Whether the newest write had fewer replicas than wanted. */
  #isShort = false;

  /** `wanted` undefined: nobody waits, and the tier is not asked. */
  constructor(node: Node, wanted: ReplicasWanted | undefined) {
    this.#node = node;
    this.#wanted = wanted;
  }

  /** Waits for the replicas of a commit. Never rejects: it has happened, whatever comes of the waiting. */
  async of(partition: number, commit: Commit): Promise<Replicas | undefined> {
    const wanted = this.#wanted;
    if (wanted === undefined) return undefined;
    const { acknowledged, reason } = await this.#acknowledged(partition, commit, wanted);
    this.#tell(acknowledged < wanted.replicas, { acknowledged, wanted: wanted.replicas, reason });
    return { acknowledged, wanted: wanted.replicas };
  }

  async #acknowledged(
    partition: number,
    commit: Commit,
    wanted: ReplicasWanted,
  ): Promise<{ readonly acknowledged: number; readonly reason?: string }> {
    try {
      return { acknowledged: await this.#node.tier.replicated(partition, commit, wanted) };
    } catch (error) {
      if (error instanceof CacheError) return { acknowledged: 0, reason: error.message };
      throw error;
    }
  }

  #tell(isShort: boolean, fields: Readonly<Record<string, unknown>>): void {
    if (isShort === this.#isShort) return;
    this.#isShort = isShort;
    const { logger } = this.#node;
    if (isShort) logger.warn('a write is committed, but on fewer replicas than wanted', fields);
    else logger.info('writes are on as many replicas as wanted again', fields);
  }
}
