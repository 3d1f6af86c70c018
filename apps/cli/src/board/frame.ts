import type { CoherenceView } from '@lockstep/admin-api';

/** What the board shows at one moment. Numbers are of the near-caches, counted since a node's start unless they say otherwise. */
export interface Frame {
  /** By the wall clock of the watching process, ISO 8601. */
  readonly at: string;
  /** Over how long `recent` figures are, in ms. */
  readonly recentMs: number;
  readonly nodes: readonly NodeLine[];
  readonly namespaces: readonly NamespaceLine[];
  /** Newest first. */
  readonly clears: readonly ClearLine[];
}

/** Lookups, and what they came to. A hit is one that near-cache or tier answered; the rest asked an origin. */
export interface Lookups {
  /** From 0 to 1; null: there were none, or it is not known yet. */
  readonly hitRatio: number | null;
  readonly recentHitRatio: number | null;
  readonly recentPerSecond: number | null;
  /** Of the near-cache. */
  readonly entries: number;
  readonly bytes: number;
  readonly loads: number;
}

/** A member of the cluster, or a URL at which nothing answers. */
export interface NodeLine extends Lookups {
  /** null: nothing has ever answered there. */
  readonly id: string | null;
  /** Where its admin API is followed; null: it is seen through another node alone, as it said of itself a few seconds ago. */
  readonly url: string | null;
  /** `lost`: it does not answer at its URL. `silent`: others have not heard of it for a while. */
  readonly state: CoherenceView['state'] | 'lost' | 'silent';
  readonly reason?: string;
  readonly stalenessMs: number | null;
  /** Δ; null: it does not tell. */
  readonly stalenessBoundMs: number | null;
  readonly violations: number | null;
}

export interface NamespaceLine extends Lookups {
  readonly name: string;
}

/** A clear or an expire, and how it reached the nodes. */
export interface ClearLine {
  readonly at: string;
  readonly action: string;
  readonly scope: Readonly<Record<string, unknown>>;
  /** Where it is in the history, a place for each event of it. */
  readonly positions: readonly string[];
  /** Of the audit trail; absent: not there yet, or not recorded. */
  readonly by?: string;
  readonly reason?: string;
  /** How it is certain that nobody serves what was cleared; absent: not fenced, or not known yet. */
  readonly fencedBy?: 'acknowledgements' | 'time';
  /** In the order of the nodes. */
  readonly marks: readonly Mark[];
}

/**
 * How a clear reached one node. `applied`: the watching process heard so, `afterMs` after it had first heard of the clear from
 * any node, by its own clock: the way from the node is in it. `acknowledged`, `fenced out`: the fence says so, without a time.
 * `waiting`: it is followed and has not said so yet. `lost`: it is not connected. `unseen`: it is not followed.
 */
export type Mark =
  | { readonly state: 'applied'; readonly afterMs: number }
  | { readonly state: 'acknowledged' | 'fenced out' | 'waiting' | 'lost' | 'unseen' };
