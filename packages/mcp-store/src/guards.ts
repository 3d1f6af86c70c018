import type { Lockstep, Namespace } from '@lockstep/cache';
import type { StoredResponse } from './stored-response.ts';

/** For how many places of responses this process remembers that they were asked for. */
const ASKED_MAX = 4_096;
/** How long a guard lasts: longer than anybody waits for a server. */
const GUARD_TTL = '1h';
/** A guard says nothing but that it is there, and since which version. */
const GUARD: StoredResponse = { value: '', stamp: 0, scope: 'private' };
/** The guard of a place that was asked for under several versions, or while nobody could say which. */
const UNKNOWN = '';

/**
 * Keeps a response that was dropped while the server was asked for it, by whatever host, from being stored afterwards.
 * The client asks the server itself, between a `get` and a `set` that do not know of one another; so each place of
 * a response has a guard beside it, which is dropped first, and must be the same after the response was written.
 */
export class Guards {
  readonly #lockstep: Lockstep;
  readonly #namespace: Namespace<StoredResponse>;
  readonly #asked: Map<string, string> = new Map();

  constructor(lockstep: Lockstep, namespace: Namespace<StoredResponse>) {
    this.#lockstep = lockstep;
    this.#namespace = namespace;
  }

  /** The server is about to be asked for what belongs in the place. */
  async ask(place: string, tags: readonly string[]): Promise<void> {
    const found = await this.#namespace.lookup(guardOf(place), () => GUARD, { ttl: GUARD_TTL, grace: 0, tags });
    const version = found.outcome === 'miss' || found.stale || found.degraded ? UNKNOWN : found.version;
    const before = this.#asked.get(place) ?? version;
    this.#asked.set(place, before === version ? version : UNKNOWN);
    if (this.#asked.size <= ASKED_MAX) return;
    for (const oldest of this.#asked.keys()) return void this.#asked.delete(oldest);
  }

  /** What has to hold for the answer; undefined: nothing, because it was not asked for through the cache. */
  answered(place: string): string | undefined {
    const version = this.#asked.get(place);
    this.#asked.delete(place);
    return version;
  }

  /** Whether somebody has dropped the place since then, as far as this node knows. */
  async verdict(place: string, version: string | undefined): Promise<'holds' | 'overtaken' | 'unknown'> {
    if (version === undefined) return 'holds';
    if (version === UNKNOWN) return 'unknown';
    const found = await this.#namespace.lookup(guardOf(place));
    return found.outcome === 'hit' && found.version === version ? 'holds' : 'overtaken';
  }

  /** Whether nobody has dropped it since then, as the tier says. */
  async stillHolds(place: string, version: string | undefined): Promise<boolean> {
    if (version === undefined) return true;
    const { near, tier } = await this.#namespace.explain(guardOf(place));
    const guard = this.#lockstep.mode === 'local' ? near : tier;
    return typeof guard === 'object' && guard.objection === undefined && guard.version === version;
  }

  /** Before the place itself is dropped: who writes into it later, or has just done so, finds the guard gone. */
  async drop(place: string): Promise<void> {
    await this.#namespace.clear(guardOf(place), { allowDegraded: true });
  }
}

/** Places begin with a bracket. */
function guardOf(place: string): string {
  return `guard:${place}`;
}
