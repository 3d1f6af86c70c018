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
  /** Why the state is not `coherent`. */
  readonly reason?: string;
}

export function coherenceOf(node: Node, breaker: Breaker): Coherence {
  if (!node.shared) return { state: 'coherent', stalenessMs: 0 };
  const stalenessMs = node.horizons.worstStalenessMs(node.clock.nowMs());
  if (stalenessMs <= node.deltaMs) return { state: 'coherent', stalenessMs };
  const silence = 'no heartbeat has been answered within the staleness bound';
  const reason = breaker.failure?.message ?? node.pace.slowness ?? silence;
  return { state: node.bus.connected ? 'degraded' : 'isolated', stalenessMs, reason };
}
