import type { Born, Effect, Head, KeyId, ScopeId } from '@lockstep/core';
import { CacheError, isBehind, LoaderError, LoaderTimeoutError } from '@lockstep/core';
import { encodeValue } from './codec.ts';
import type { Engine, Space } from './engine.ts';
import { entryWrite, freshFor, tagIds } from './entry-write.ts';
import type { Flight } from './flight.ts';
import type { Fallback, Lookup, Question } from './lookup.ts';
import { staleHit } from './lookup.ts';
import { NearStore, nearLife, scopesOf } from './near-store.ts';

/** What a load was begun with: the fill lease, if the tier granted one, and what may stand in if the loader fails. */
export interface LoadTerms {
  readonly token?: string;
  readonly fallback?: Fallback | undefined;
}

/** A value that the loader gave, ready to be stored. */
interface LoadedValue {
  readonly value: unknown;
  readonly payload: Uint8Array;
  readonly tags: readonly ScopeId[];
  readonly born: Born;
  readonly startedMs: number;
  readonly ttlMs: number;
}

/** Loads of one namespace: asks the loader, fills the tier under the lease, keeps near what may be kept. */
export class LoadPath {
  readonly #engine: Engine;
  readonly #space: Space;
  readonly #near: NearStore;

  constructor(engine: Engine, space: Space) {
    this.#engine = engine;
    this.#space = space;
    this.#near = new NearStore(engine, space);
  }

  /** Loads, and fills the tier if `terms` hold a lease. */
  async load(flight: Flight, question: Question, terms: LoadTerms): Promise<Lookup<unknown>> {
    const { node } = this.#engine;
    let loaded: LoadedValue;
    try {
      loaded = await this.#ask(flight, question);
    } catch (error) {
      if (terms.token !== undefined) this.#release(question, terms.token);
      const fallback = terms.fallback ?? this.#nearFallback(question.key);
      if (fallback === undefined || !isLoaderFailure(error)) throw error;
      this.#space.counters.staleAnswers++;
      return staleHit(fallback, !node.isFresh(flight.partition));
    }
    if (terms.token === undefined) this.#keepBriefly(flight, question.key, loaded);
    else await this.#fill(flight, question, { ...loaded, token: terms.token });
    const degraded = !node.isFresh(flight.partition);
    if (degraded) this.#space.counters.degradedAnswers++;
    return { outcome: 'loaded', source: 'origin', value: loaded.value, stale: false, degraded };
  }

  /** Answers while the tier cannot be asked: from what this node has, as the namespace's policy allows, else a load. */
  async withoutTier(flight: Flight, question: Question): Promise<Lookup<unknown>> {
    const { node } = this.#engine;
    const degraded = !node.isFresh(flight.partition);
    const kept = degraded ? this.#keptNear(question.key) : undefined;
    if (kept !== undefined) {
      this.#space.counters.degradedAnswers++;
      return { outcome: 'hit', source: 'near', ...kept, degraded };
    }
    if (question.loader !== undefined) return this.load(flight, question, {});
    this.#space.counters.misses++;
    return { outcome: 'miss', stale: false, degraded };
  }

  async #ask(flight: Flight, question: Question): Promise<LoadedValue> {
    const { node, closing } = this.#engine;
    const { key, loader, options } = question;
    if (loader === undefined) throw new CacheError('loader-failed', `namespace "${this.#space.name}": no loader`);
    closing.throwIfAborted();
    const startedMs = node.clock.nowMs();
    const born = node.born();
    const { tags: given = [] } = options;
    const known = typeof given === 'function' ? undefined : tagIds(this.#engine, given);
    flight.scopes = known && scopesOf(this.#space, known);
    this.#space.counters.loads++;
    const loaded = await this.#inTime((signal) => loader({ key, signal }));
    const { value, payload } = encodeValue(this.#space.name, loaded);
    const tags = known ?? tagIds(this.#engine, this.#told(given, value));
    flight.scopes = scopesOf(this.#space, tags);
    return { value, payload, tags, born, startedMs, ttlMs: freshFor(this.#space, this.#told(options.ttlMs, value)) };
  }

  /** What an option says of a loaded value. One that throws is a part of the loader, and has failed. */
  #told<T>(option: T | ((value: unknown) => T), value: unknown): T {
    if (!(option instanceof Function)) return option;
    try {
      return option(value);
    } catch (cause) {
      throw this.#failed(cause);
    }
  }

  /** Runs a loader for as long as its lease holds: a value that comes later could not be stored. */
  async #inTime(load: (signal: AbortSignal) => unknown): Promise<unknown> {
    const { node, closing } = this.#engine;
    const { leaseMs } = this.#space.policy;
    const { name } = this.#space;
    const late = new AbortController();
    const timedOut = Promise.withResolvers<never>();
    const cancel = node.timers.after(leaseMs, () => {
      const error = new LoaderTimeoutError(`namespace "${name}": the loader took longer than leaseMs (${leaseMs})`);
      late.abort(error);
      timedOut.reject(error);
    });
    try {
      const loading = Promise.resolve(load(AbortSignal.any([late.signal, closing])));
      return await Promise.race([loading, timedOut.promise]);
    } catch (cause) {
      throw this.#failed(cause);
    } finally {
      cancel();
    }
  }

  #failed(cause: unknown): CacheError {
    const { name, counters } = this.#space;
    counters.loadsFailed++;
    if (cause instanceof LoaderTimeoutError) return cause;
    return new LoaderError(`namespace "${name}": the loader failed; its error is the cause`, { cause });
  }

  async #fill(flight: Flight, question: Question, loaded: LoadedValue & { readonly token: string }): Promise<void> {
    const { node, breaker, applier } = this.#engine;
    const sentMs = node.clock.nowMs();
    const seenWhenSent = node.data[flight.partition]?.seen;
    try {
      const write = entryWrite(this.#engine, this.#space, { ...loaded, address: question.address });
      const reply = await breaker.call(() => node.tier.fill(write, loaded.token));
      if (reply.outcome === 'rejected') return;
      if (reply.waiters) this.#wake(flight.keyId);
      const loud = reply.outcome === 'loud';
      if (loud) {
        const effect: Effect = { kind: 'fill', keyId: flight.keyId };
        applier.committed(reply.commit, flight.partition, { effect, spared: flight });
      }
      const written: Head = loud ? reply.commit : reply.head;
      // A primary that has missed what this node knows of is isolated: what it stored will be lost.
      if (isBehind(written, seenWhenSent)) return this.#keepBriefly(flight, question.key, loaded);
      const version = loud ? String(reply.commit.sequence) : reply.version;
      const { fingerprint } = write;
      this.#keep(flight, question.key, { ...loaded, written, version, fingerprint, sentMs });
    } catch (error) {
      if (!(error instanceof CacheError)) throw error;
      this.#keepBriefly(flight, question.key, loaded);
    }
  }

  #keep(
    flight: Flight,
    key: string,
    stored: LoadedValue & {
      readonly written: Head;
      readonly version: string;
      readonly fingerprint: string;
      readonly sentMs: number;
    },
  ): void {
    const { ttlMs } = stored;
    const { graceMs, nearTtlMs } = this.#space.policy;
    this.#near.keep(flight, stored.written, {
      key,
      value: stored.value,
      bytes: stored.payload.length,
      version: stored.version,
      fingerprint: stored.fingerprint,
      born: stored.born,
      tags: stored.tags,
      loadedMs: stored.startedMs,
      ...nearLife(stored.sentMs, { freshMs: ttlMs, remainingMs: ttlMs + graceMs, nearTtlMs }),
    });
  }

  /** Keeps what the tier does not hold, for a short time from the start of its load. */
  #keepBriefly(flight: Flight, key: string, loaded: LoadedValue): void {
    const { degradedTtlMs, graceMs } = this.#space.policy;
    this.#near.keepUnvouched(flight, {
      key,
      value: loaded.value,
      bytes: loaded.payload.length,
      version: '',
      fingerprint: '',
      born: loaded.born,
      tags: loaded.tags,
      loadedMs: loaded.startedMs,
      freshUntilMs: loaded.startedMs + Math.min(degradedTtlMs, loaded.ttlMs),
      staleUntilMs: loaded.startedMs + loaded.ttlMs + graceMs,
    });
  }

  /** Lets the others load; whoever waits is told. */
  #release(question: Question, token: string): void {
    const { node, breaker } = this.#engine;
    node.background.run('release-lease', async () => {
      const { waiters } = await breaker.call(() => node.tier.release(question.address, token));
      if (waiters) this.#wake(question.address.keyId);
    });
  }

  /** Tells those who wait for a load, on the other nodes and on this one, that it has ended. */
  #wake(keyId: KeyId): void {
    const { node, outbox, waiters } = this.#engine;
    outbox.send({ type: 'filled', keyId, sender: node.id });
    waiters.wake(keyId);
  }

  /** What the policy lets this node answer from its near-cache though it cannot vouch for it. */
  #keptNear(key: string): { readonly value: unknown; readonly stale: boolean } | undefined {
    const { node } = this.#engine;
    const entry = this.#space.region.get(key);
    if (entry === undefined || !node.epochs.isLive(entry.born, entry.namespace, entry.tags)) return undefined;
    const nowMs = node.clock.nowMs();
    const stale = nowMs >= entry.freshUntilMs;
    const { whenIncoherent, degradedTtlMs } = this.#space.policy;
    if (!stale && nowMs < entry.loadedMs + degradedTtlMs) return { value: entry.value, stale };
    const served = whenIncoherent === 'serve-stale' && nowMs < entry.staleUntilMs;
    return served ? { value: entry.value, stale } : undefined;
  }

  #nearFallback(key: string): Fallback | undefined {
    const { node } = this.#engine;
    const entry = this.#space.region.get(key);
    if (entry === undefined || this.#space.policy.graceMs === 0) return undefined;
    if (!node.epochs.isLive(entry.born, entry.namespace, entry.tags)) return undefined;
    return node.clock.nowMs() < entry.staleUntilMs ? { value: entry.value, source: 'near' } : undefined;
  }
}

function isLoaderFailure(error: unknown): boolean {
  return error instanceof LoaderError || error instanceof LoaderTimeoutError;
}
