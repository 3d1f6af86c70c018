import type { Effect, Head, KeyId } from '@lockstep/core';
import { CacheError, isBehind, LoaderError, LoaderTimeoutError } from '@lockstep/core';
import { isFreshnessEnded } from '@lockstep/near-cache';
import type { Engine, Space } from './engine.ts';
import { entryWrite, waitFor } from './entry-write.ts';
import type { Flight } from './flight.ts';
import { isLiveNear } from './live-near.ts';
import type { Lookup, Previous, Question } from './lookup.ts';
import { miss } from './lookup.ts';
import type { NearValue } from './near-store.ts';
import { NearStore, nearLife } from './near-store.ts';
import type { LoadedValue } from './origin.ts';
import { Origin } from './origin.ts';
import { standInOf } from './stand-in.ts';

/** What a load was begun with: the fill lease, if the tier granted one, and the value that it would replace. */
export interface LoadTerms {
  readonly token?: string;
  readonly previous?: Previous | undefined;
}

/** Loads of one namespace: asks the loader, fills the tier under the lease, keeps near what may be kept. */
export class LoadPath {
  readonly #engine: Engine;
  readonly #space: Space;
  readonly #near: NearStore;
  readonly #origin: Origin;

  constructor(engine: Engine, space: Space) {
    this.#engine = engine;
    this.#space = space;
    this.#near = new NearStore(engine, space);
    this.#origin = new Origin(engine, space);
  }

  /** Loads, and fills the tier if `terms` hold a lease. */
  async load(flight: Flight, question: Question, terms: LoadTerms): Promise<Lookup<unknown>> {
    const { node } = this.#engine;
    const previous = terms.previous ?? this.#nearPrevious(question.key);
    flight.standIn = previous;
    let loaded: LoadedValue;
    try {
      const failure = node.failures.of(flight.keyId, node.clock.nowMs());
      if (failure !== undefined) throw failure.error;
      loaded = await this.#askInPatience(flight, question, previous);
    } catch (error) {
      if (terms.token !== undefined) this.release(question, terms.token);
      return this.#instead(flight, error);
    }
    const version = await this.#store(flight, question, { ...loaded, token: terms.token });
    const degraded = !node.isFresh(flight.partition);
    const { value, absence } = loaded;
    if (absence !== undefined) return miss(absence, degraded);
    return { outcome: 'loaded', source: 'origin', value, version, stale: false, degraded };
  }

  /** Answers while the tier cannot be asked: from what this node has, as the namespace's policy allows, else a load. */
  async withoutTier(flight: Flight, question: Question): Promise<Lookup<unknown>> {
    const { node } = this.#engine;
    const degraded = !node.isFresh(flight.partition);
    const kept = degraded ? this.#keptNear(question.key) : undefined;
    if (kept !== undefined) return kept;
    if (question.loader !== undefined) return this.load(flight, question, {});
    return miss(undefined, degraded);
  }

  /** Asks the loader; who waits too long gets the previous value, as far as it may stand in. */
  async #askInPatience(flight: Flight, question: Question, previous: Previous | undefined): Promise<LoadedValue> {
    const { staleWhileRevalidateMs, leaseMs } = this.#space.policy;
    const softMs = waitFor(this.#space, 'softTimeout', question.options.softTimeout);
    const asking = this.#origin.ask(flight, question, previous);
    if (previous === undefined) return asking;
    const answer = (): void => {
      if (flight.answerEarly === undefined) return;
      const early = standInOf(this.#engine, this.#space, flight);
      if (early !== undefined) flight.answerEarly(early);
    };
    // One whose life is not over is loaded for another reason: nobody can vouch for it, or it is loaded ahead of time.
    if (previous.pastMs >= 0 && previous.pastMs < staleWhileRevalidateMs) answer();
    if (softMs >= leaseMs) return asking;
    const cancel = this.#engine.node.timers.after(softMs, answer);
    return asking.finally(cancel);
  }

  /** What is answered in place of a load that failed; where nothing may stand in, its error. */
  #instead(flight: Flight, error: unknown): Lookup<unknown> {
    const { node } = this.#engine;
    const { graceRetryMs, failedTtlMs } = this.#space.policy;
    if (!(error instanceof LoaderError || error instanceof LoaderTimeoutError)) throw error;
    const standIn = standInOf(this.#engine, this.#space, flight);
    const nowMs = node.clock.nowMs();
    const standsInMs = (flight.standIn?.standsInUntilMs ?? nowMs) - nowMs;
    const forMs = standIn === undefined ? failedTtlMs : Math.min(graceRetryMs, standsInMs);
    const isNews = node.failures.of(flight.keyId, nowMs) === undefined && !flight.poisoned;
    if (isNews && forMs > 0) node.failures.note(flight.keyId, { error, untilMs: nowMs + forMs });
    if (standIn === undefined) throw error;
    return standIn;
  }

  /** Keeps what was loaded where it may be kept; answers the version that the tier has it under, or none. */
  async #store(
    flight: Flight,
    question: Question,
    loaded: LoadedValue & { readonly token: string | undefined },
  ): Promise<string> {
    const { token } = loaded;
    if (loaded.ttlMs === 0 && loaded.absence !== undefined && flight.standIn !== undefined) {
      // Kept for no time, but in the place of the old value, which must not stand in for what the origin does not give.
      if (token !== undefined) return this.#fill(flight, question, { ...loaded, ttlMs: 1, token });
      this.#space.region.delete(question.key);
    } else if (loaded.ttlMs === 0) {
      if (token !== undefined) this.release(question, token);
    } else if (token === undefined) {
      if (this.#space.policy.shared) this.#keepBriefly(flight, question.key, loaded);
      else this.#keepAlone(flight, question.key, loaded);
    } else {
      return this.#fill(flight, question, { ...loaded, token });
    }
    return '';
  }

  async #fill(flight: Flight, question: Question, loaded: LoadedValue & { readonly token: string }): Promise<string> {
    const { node, breaker, applier } = this.#engine;
    const sentMs = node.clock.nowMs();
    const seenWhenSent = node.data[flight.partition]?.seen;
    try {
      const write = entryWrite(this.#engine, this.#space, { ...loaded, address: question.address });
      const reply = await breaker.call(() => node.tier.fill(write, loaded.token));
      if (reply.outcome === 'rejected') return '';
      if (reply.waiters) this.#wake(flight.keyId);
      const loud = reply.outcome === 'loud';
      if (loud) {
        const effect: Effect = { kind: 'fill', keyId: flight.keyId };
        applier.committed(reply.commit, flight.partition, { effect, spared: flight });
      }
      const written: Head = loud ? reply.commit : reply.head;
      // A primary that has missed what this node knows of is isolated: what it stored will be lost.
      if (isBehind(written, seenWhenSent)) {
        this.#keepBriefly(flight, question.key, loaded);
        return '';
      }
      const version = loud ? String(reply.commit.sequence) : reply.version;
      const { fingerprint } = write;
      this.#keep(flight, question.key, { ...loaded, written, version, fingerprint, sentMs });
      return version;
    } catch (error) {
      if (!(error instanceof CacheError)) throw error;
      this.#keepBriefly(flight, question.key, loaded);
      return '';
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
    const { ttlMs: freshMs, graceMs } = stored;
    this.#near.keep(flight, stored.written, {
      key,
      value: stored.value,
      absence: stored.absence,
      bytes: stored.payload.length,
      version: stored.version,
      fingerprint: stored.fingerprint,
      born: stored.born,
      tags: stored.tags,
      loadedMs: stored.startedMs,
      ...nearLife(stored.sentMs, { freshMs, graceMs, nearTtlMs: this.#space.policy.nearTtlMs }),
    });
  }

  /**
   * Keeps what nobody else is to have, as long as it lives. No other node's silent fill can overtake it; every event does,
   * also one that this node hears of later.
   */
  #keepAlone(flight: Flight, key: string, loaded: LoadedValue): void {
    this.#near.keepAlone(flight, ownValue(key, loaded, this.#space.policy.nearTtlMs));
  }

  /** Keeps what the tier does not hold, for a short time from the start of its load. */
  #keepBriefly(flight: Flight, key: string, loaded: LoadedValue): void {
    this.#near.keepUnvouched(flight, ownValue(key, loaded, this.#space.policy.degradedTtlMs));
  }

  /** Lets the others load; whoever waits is told. */
  release(question: Question, token: string): void {
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
  #keptNear(key: string): Lookup<unknown> | undefined {
    const { node } = this.#engine;
    const entry = this.#space.region.get(key);
    if (entry === undefined || !isLiveNear(node.epochs, entry)) return undefined;
    const nowMs = node.clock.nowMs();
    const stale = nowMs >= entry.freshUntilMs;
    const { whenIncoherent, degradedTtlMs } = this.#space.policy;
    const isRecent = !stale && nowMs < entry.loadedMs + degradedTtlMs;
    const { value, version, absence } = entry;
    if (!isRecent && (whenIncoherent !== 'serve-stale' || nowMs >= entry.staleUntilMs)) return undefined;
    if (absence === undefined) return { outcome: 'hit', source: 'near', value, version, stale, degraded: true };
    return stale ? undefined : miss(absence, true);
  }

  /** The value that only this node still has. */
  #nearPrevious(key: string): Previous | undefined {
    const { node } = this.#engine;
    const entry = this.#space.region.get(key);
    if (entry === undefined || entry.absence !== undefined) return undefined;
    if (!isLiveNear(node.epochs, entry)) return undefined;
    const { value, version, bytes, born, tags, graceMs, staleUntilMs } = entry;
    const nowMs = node.clock.nowMs();
    return {
      value,
      source: 'near',
      version,
      born,
      tags,
      encoded: undefined,
      bytes,
      pastMs: isFreshnessEnded(entry) ? Number.POSITIVE_INFINITY : nowMs - (staleUntilMs - graceMs),
      standsInUntilMs: graceMs > 0 ? staleUntilMs : Number.NEGATIVE_INFINITY,
    };
  }
}

/** A value that only this node has, fresh for at most so long from the start of its load. */
function ownValue(key: string, loaded: LoadedValue, freshMsMax: number): NearValue {
  const { startedMs, ttlMs, graceMs } = loaded;
  return {
    key,
    value: loaded.value,
    absence: loaded.absence,
    bytes: loaded.payload.length,
    version: '',
    fingerprint: '',
    born: loaded.born,
    tags: loaded.tags,
    loadedMs: startedMs,
    freshUntilMs: startedMs + Math.min(freshMsMax, ttlMs),
    staleUntilMs: startedMs + ttlMs + graceMs,
    graceMs,
  };
}
