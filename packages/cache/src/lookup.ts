import type { KeyAddress } from '@lockstep/core';

/**
 * What a lookup found. `hit`: the near-cache or the tier had it; `loaded`: the loader was asked; `miss`: nobody has it.
 * `stale`: it stands in for a load that failed, or that another node is making. `degraded`: this node cannot vouch for
 * it, because it has not been able to check for longer than Δ.
 */
export type Lookup<V> = Hit<V> | Loaded<V> | Miss;

export interface Hit<V> {
  readonly outcome: 'hit';
  readonly source: 'near' | 'tier';
  readonly value: V;
  readonly stale: boolean;
  readonly degraded: boolean;
}

export interface Loaded<V> {
  readonly outcome: 'loaded';
  readonly source: 'origin';
  readonly value: V;
  readonly stale: false;
  readonly degraded: boolean;
}

export interface Miss {
  readonly outcome: 'miss';
  readonly stale: false;
  readonly degraded: boolean;
}

/** What a loader is told. */
export interface LoadContext {
  readonly key: string;
  /** Aborted when the load takes longer than `leaseMs`, and when the node closes. */
  readonly signal: AbortSignal;
}

/** Asks the origin for a key's value, which JSON must be able to hold. */
export type Loader<V> = (context: LoadContext) => Promise<V> | V;

/** Options of one load. */
export interface LoadOptions<V = unknown> {
  /**
   * Names by which `lockstep.clear({ tag })` finds the value, in every namespace; a function is asked once the value is
   * loaded, and until then every scope's clear overtakes the load. At most 64. Default: none.
   */
  readonly tags?: readonly string[] | ((value: V) => readonly string[]);
  /** How long this value is fresh, in ms; a function is asked once the value is loaded. Default: the namespace's `ttlMs`. */
  readonly ttlMs?: number | ((value: V) => number);
  /** Lets this caller leave, with the signal's reason; the load goes on, and is stored. Default: the caller stays. */
  readonly signal?: AbortSignal;
}

/** One question, as it travels from the near-cache to the origin. */
export interface Question {
  readonly key: string;
  readonly address: KeyAddress;
  readonly loader: Loader<unknown> | undefined;
  readonly options: LoadOptions;
}

/** A value that may stand in for a load that fails. */
export interface Fallback {
  readonly value: unknown;
  readonly source: 'near' | 'tier';
}

/** The answer that a fallback gives. */
export function staleHit(fallback: Fallback, degraded: boolean): Hit<unknown> {
  return { outcome: 'hit', ...fallback, stale: true, degraded };
}
