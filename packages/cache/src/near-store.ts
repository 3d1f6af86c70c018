import type { Born, Head, ScopeId } from '@lockstep/core';
import { EVERYTHING, LIFE_FACTOR } from '@lockstep/core';
import type { Engine, Space } from './engine.ts';
import type { Flight } from './flight.ts';
import type { Absence } from './load-answer.ts';

/** No generation of the epoch table: the entry is judged when it is first served. */
const UNCHECKED = -1;
/** What most entries carry: one list for all. */
const NO_TAGS: readonly ScopeId[] = [];

/** A value, or that there is none, as it is to be kept in the near-cache. */
export interface NearValue {
  readonly key: string;
  readonly value: unknown;
  readonly absence: Absence | undefined;
  readonly bytes: number;
  readonly version: string;
  /** As the tier's entry has it; empty for a value that the tier does not hold. */
  readonly fingerprint: string;
  readonly born: Born;
  readonly tags: readonly ScopeId[];
  /** When this node began to load it; −∞ when another node did. */
  readonly loadedMs: number;
  readonly freshUntilMs: number;
  readonly staleUntilMs: number;
  /** How much of that comes after the end of its life: so long it may stand in for a load that fails. */
  readonly graceMs: number;
}

/** The spans that a value read from, or written to, the tier may be kept: from the instant the request was sent. */
export function nearLife(
  sentMs: number,
  life: { readonly freshMs: number; readonly graceMs: number; readonly nearTtlMs: number },
): Pick<NearValue, 'freshUntilMs' | 'staleUntilMs' | 'graceMs'> {
  return {
    freshUntilMs: sentMs + Math.min(life.nearTtlMs, life.freshMs) * LIFE_FACTOR,
    staleUntilMs: sentMs + (life.freshMs + life.graceMs) * LIFE_FACTOR,
    graceMs: life.graceMs * LIFE_FACTOR,
  };
}

/** Puts one namespace's values into its near-cache, each only if its flight still speaks for the key. */
export class NearStore {
  readonly #engine: Engine;
  readonly #space: Space;
  #newestBorn: Born | undefined;

  constructor(engine: Engine, space: Space) {
    this.#engine = engine;
    this.#space = space;
  }

  /**
   * Keeps what the tier holds since `written`, unless an event has overtaken the flight, or `written` is newer than
   * what is applied here: a failover could take that event away unseen.
   */
  keep(flight: Flight, written: Head, near: NearValue): void {
    const applied = this.#engine.node.data[flight.partition]?.applied;
    if (applied === undefined || written.incarnation !== applied.incarnation) return;
    if (written.sequence <= applied.sequence) this.#set(flight, near);
  }

  /** Keeps what the tier does not hold, unless what is kept already is fresh for longer: it was loaded later. */
  keepUnvouched(flight: Flight, near: NearValue): void {
    const held = this.#space.region.get(near.key);
    if (held === undefined || held.freshUntilMs <= near.freshUntilMs) this.#set(flight, near);
  }

  /** Keeps what no tier is to hold, unless what is kept already was loaded later. */
  keepAlone(flight: Flight, near: NearValue): void {
    const held = this.#space.region.get(near.key);
    if (held === undefined || held.loadedMs <= near.loadedMs) this.#set(flight, near);
  }

  #set(flight: Flight, near: NearValue): void {
    if (flight.poisoned) return;
    if (this.#engine.closing.aborted) return;
    // One literal, no spread, what a hit reads first: all entries have one shape, and a hit touches one cache line.
    this.#space.region.set({
      value: near.value,
      partition: flight.partition,
      // A small integer is in the entry itself, a fraction would be an object of its own.
      freshUntilMs: Math.floor(near.freshUntilMs),
      checkedGeneration: UNCHECKED,
      era: 0,
      key: near.key,
      keyId: ownText(flight.keyId),
      bytes: near.bytes,
      version: ownText(near.version),
      fingerprint: ownText(near.fingerprint),
      born: this.#shared(near.born),
      namespace: this.#space.scopeId,
      tags: near.tags.length === 0 ? NO_TAGS : near.tags,
      loadedMs: near.loadedMs,
      staleUntilMs: Math.floor(near.staleUntilMs),
      graceMs: near.graceMs,
      absence: near.absence,
      refreshAtMs: this.#refreshAt(near),
      region: undefined,
    });
  }

  /** Most entries are born where the newest one was: they share what says so. */
  #shared(born: Born): Born {
    const newest = this.#newestBorn;
    if (newest?.sequence === born.sequence && newest.incarnation === born.incarnation) return newest;
    this.#newestBorn = { incarnation: ownText(born.incarnation), sequence: born.sequence };
    return this.#newestBorn;
  }

  /**
   * Before the end of the value's life, not of the time that it is near. The life of a value that was read may be shorter
   * than the namespace's: of what is left of it a part is always answered, or every answer would load it anew.
   */
  #refreshAt({ staleUntilMs, graceMs }: NearValue): number {
    const { ttlMs, eagerRefresh } = this.#space.policy;
    if (eagerRefresh >= 1) return Number.POSITIVE_INFINITY;
    const endMs = staleUntilMs - graceMs;
    const leftMs = endMs - this.#engine.node.clock.nowMs();
    return endMs - Math.min(ttlMs, leftMs) * (1 - eagerRefresh);
  }
}

/** A text in memory of its own: one that was cut out of a longer one keeps that in memory as well. */
function ownText<T extends string>(text: T): T {
  return Buffer.from(text, 'latin1').toString('latin1') as T;
}

/** All scopes of a value: everything, its namespace, its tags. */
export function scopesOf(space: Space, tags: readonly ScopeId[]): readonly ScopeId[] {
  return [EVERYTHING, space.scopeId, ...tags];
}
