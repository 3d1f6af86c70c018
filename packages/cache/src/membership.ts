import type { NodeId } from '@lockstep/core';
import type { Node } from './node.ts';

const SILENCE_MS_MIN = 30_000;

/** One member's newest nonce, and since when it has been the newest, in monotonic ms. */
interface Observed {
  readonly nonce: string;
  readonly sinceMs: number;
}

/**
 * Forgets members that have died: each would cost every fence its whole time.
 *
 * A node goes by what it has itself seen: a nonce that has not changed for so long that its node has lost every right
 * to serve long ago. A node that was forgotten and lives is recorded again by its next heartbeat.
 */
export class Membership {
  readonly #node: Node;
  #observed: Map<NodeId, Observed> = new Map();
  #nextLookMs = Number.NEGATIVE_INFINITY;

  constructor(node: Node) {
    this.#node = node;
  }

  /** Whether the list is to be read again: about once per Δ. */
  get isDue(): boolean {
    return this.#node.clock.monotonicMs() >= this.#nextLookMs;
  }

  /** Reads the list, and forgets who has been silent for too long. */
  async look(): Promise<void> {
    const { clock, tier, random, deltaMs, deltaMaxMs, id } = this.#node;
    this.#nextLookMs = clock.monotonicMs() + deltaMs * (0.75 + 0.5 * random.fraction());
    const silenceMs = Math.max(SILENCE_MS_MIN, 4 * deltaMaxMs);
    const observed = new Map<NodeId, Observed>();
    const silent: [NodeId, string][] = [];
    const { nonces } = await tier.members();
    const nowMs = clock.monotonicMs();
    for (const [member, nonce] of nonces) {
      const known = this.#observed.get(member);
      const seen = known?.nonce === nonce ? known : { nonce, sinceMs: nowMs };
      observed.set(member, seen);
      if (member !== id && nowMs - seen.sinceMs >= silenceMs) silent.push([member, nonce]);
    }
    this.#observed = observed;
    for (const [member, nonce] of silent) {
      await tier.forget(member, nonce);
      this.#node.logger.info('forgot a member that has been silent', { member, silenceMs });
    }
  }
}
