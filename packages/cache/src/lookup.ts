import type { Born, EntryBody, KeyAddress, ScopeId } from '@lockstep/core';

import type { Duration } from './duration.ts';
import type { Absence, LoadAnswer, LoadContext } from './load-answer.ts';
import type { LoadBatch } from './load-batch.ts';

/**
 * What a lookup found. `hit`: the near-cache or the tier had it; `loaded`: the loader was asked; `miss`: there is no
 * value: the loader has said so, now or a while ago, or nobody has it and no loader was given. `stale`: it stands in for a load
 * that failed, that goes on, or that another node is making. `degraded`: this node cannot vouch for it, because it has
 * not been able to check for longer than Δ.
 */
export type Lookup<V> = Hit<V> | Loaded<V> | Miss;

export interface Hit<V> {
  readonly outcome: 'hit';
  readonly source: 'near' | 'tier';
  readonly value: V;
  /** The version of the entry in the tier, for `compareAndSet`; empty: the tier does not hold it. */
  readonly version: string;
  readonly stale: boolean;
  readonly degraded: boolean;
}

export interface Loaded<V> {
  readonly outcome: 'loaded';
  readonly source: 'origin';
  readonly value: V;
  /** As for a hit. */
  readonly version: string;
  readonly stale: false;
  readonly degraded: boolean;
}

export interface Miss {
  readonly outcome: 'miss';
  /** What the loader said; undefined: it was not asked. */
  readonly absence: Absence | undefined;
  readonly stale: false;
  readonly degraded: boolean;
}

/** Asks the origin for a key's value, which the namespace's codec must be able to hold. */
export type Loader<V> = (context: LoadContext<V>) => Promise<V | LoadAnswer<V>> | V | LoadAnswer<V>;

/** Options of one load; each wins over the namespace's. */
export interface LoadOptions<V = unknown> {
  /**
   * Names by which `lockstep.clear({ tag })` finds the value, in every namespace; a function is asked once the value is
   * loaded, and until then every scope's clear overtakes the load. At most 64. Default: none.
   */
  readonly tags?: readonly string[] | ((value: V) => readonly string[]);
  /** How long this value is fresh; a function is asked once the value is loaded. Default: the namespace's `ttl`. */
  readonly ttl?: Duration | ((value: V) => Duration);
  /** How long after that it may stand in for a load that fails. Default: the namespace's `grace`. */
  readonly grace?: Duration;
  /** How long this load is waited for while a value may stand in. Default: the namespace's `softTimeout`. */
  readonly softTimeout?: Duration;
  /** How long this caller waits at all. Default: the namespace's `hardTimeout`. */
  readonly hardTimeout?: Duration;
  /** Lets this caller leave, with the signal's reason; the load goes on while others wait. Default: the caller stays. */
  readonly signal?: AbortSignal;
}

/** One question, as it travels from the near-cache to the origin. */
export interface Question {
  readonly key: string;
  readonly address: KeyAddress;
  readonly loader: Loader<unknown> | undefined;
  readonly options: LoadOptions;
  /** The call for many keys that this is one of, if it is to load them together. */
  readonly batch?: LoadBatch | undefined;
}

/** How a caller asks: for one key, or for each of many. */
export type Manner = Pick<Question, 'loader' | 'options' | 'batch'>;

/** The value that a load would replace: not cleared, and mostly not fresh any more. */
export interface Previous {
  readonly value: unknown;
  readonly source: 'near' | 'tier';
  readonly version: string;
  readonly born: Born;
  readonly tags: readonly ScopeId[];
  /** Its encoding, where the tier has it; undefined for one that only this node has. */
  readonly encoded: Pick<EntryBody, 'codec' | 'payload'> | undefined;
  /** The size of its encoding. */
  readonly bytes: number;
  /** For how long its life has been over, in ms; infinite after an `expire`. */
  readonly pastMs: number;
  /** Until when it may stand in for a load that fails or takes too long, in the clock's ms. */
  readonly standsInUntilMs: number;
}

/** The answer of a value that stands in. */
export function staleHit({ value, source, version }: Previous, degraded: boolean): Hit<unknown> {
  return { outcome: 'hit', source, value, version, stale: true, degraded };
}

/** The answer of what is held, fresh: a value, or that there is none. */
export function freshHit(
  held: { readonly value: unknown; readonly version: string; readonly absence: Absence | undefined },
  source: 'near' | 'tier',
): Hit<unknown> | Miss {
  const { value, version, absence } = held;
  if (absence !== undefined) return miss(absence, false);
  return { outcome: 'hit', source, value, version, stale: false, degraded: false };
}

/** The answer that there is no value. */
export function miss(absence: Absence | undefined, degraded: boolean): Miss {
  return { outcome: 'miss', absence, stale: false, degraded };
}
