import type { ClusterSettings } from '@lockstep/core';
import { CacheError } from '@lockstep/core';
import type { Node } from './node.ts';

/** Format of keys, frames and entries; nodes of different formats cannot share a cluster. */
const FORMAT = 2;

/** How long a check holds. */
const HOLDS_MS = 3_600_000;

/**
 * Whether this node and the tier fit together: the cluster's settings are this node's, and the tier's server does not
 * evict what the protocol keeps in it. A node for which this does not hold vouches for nothing.
 */
export class ClusterFit {
  readonly #node: Node;
  #checkedMs = Number.NEGATIVE_INFINITY;

  constructor(node: Node) {
    this.#node = node;
  }

  /** Checks, if the last check is too long ago; rejects with what differs and what to do. */
  async check(): Promise<void> {
    const nowMs = this.#node.clock.monotonicMs();
    if (nowMs - this.#checkedMs < HOLDS_MS) return;
    await this.#compareSettings();
    if (this.#node.shared) await this.#refuseEviction();
    this.#checkedMs = nowMs;
  }

  /** Makes the next check a real one: the tier is not the one that was checked. */
  forget(): void {
    this.#checkedMs = Number.NEGATIVE_INFINITY;
  }

  async #compareSettings(): Promise<void> {
    const mine: ClusterSettings = {
      partitions: this.#node.partitions,
      format: FORMAT,
      secretFingerprint: this.#node.secrets.fingerprint,
      deltaMaxMs: this.#node.deltaMaxMs,
    };
    const cluster = await this.#node.tier.settle(mine);
    const differing: string[] = [];
    for (const name of ['partitions', 'format', 'secretFingerprint', 'deltaMaxMs'] as const) {
      if (mine[name] !== cluster[name]) differing.push(`${name}: here ${mine[name]}, cluster ${cluster[name]}`);
    }
    if (differing.length === 0) return;
    const remedy = 'give all nodes of a cluster the same settings and secret, or this one another cluster name';
    throw new CacheError('settings-differ', `this node does not fit the cluster: ${differing.join('; ')}; ${remedy}`);
  }

  async #refuseEviction(): Promise<void> {
    const { evictsMetadata, evictionPolicy } = await this.#node.tier.info();
    if (!evictsMetadata) return;
    const remedy = 'set maxmemory-policy to volatile-lru, another volatile-* policy, or noeviction';
    throw new CacheError('tier-refused', `the tier may evict the cluster's history (${evictionPolicy}): ${remedy}`);
  }
}
