import type { Head, LeaseRequest, StoredEntry, TierEntry, TierRead } from '@lockstep/core';
import { CacheError, CLOCK_RATE_ERROR, decodeEntry, entryVersion, isBehind, LIFE_FACTOR } from '@lockstep/core';
import type { DecodedValue } from './codec.ts';
import { decodeValue } from './codec.ts';
import type { Engine, Space } from './engine.ts';
import type { Flight } from './flight.ts';
import type { Hit, Miss, Previous, Question } from './lookup.ts';
import { freshHit } from './lookup.ts';
import { NearStore, nearLife, scopesOf } from './near-store.ts';
import { unpacked } from './packing.ts';

const COMPLAINT_INTERVAL_MS = 60_000;
const TOKEN_BYTES = 12;

/**
 * What the tier said. `absent`: there is nothing, and no lease was asked for, or could be had. `again`: the node had to
 * catch up first, ask once more. `replaceable`: the entry of this version cannot be answered; a load may replace it.
 * `granted`: this node shall load. `wait`: another one does.
 */
export type Consulted =
  | { readonly kind: 'live'; readonly answer: Hit<unknown> | Miss }
  | { readonly kind: 'absent' | 'again' | 'unreachable' }
  | { readonly kind: 'replaceable'; readonly version: string; readonly previous: Previous | undefined }
  | { readonly kind: 'granted'; readonly token: string; readonly previous: Previous | undefined }
  | { readonly kind: 'wait'; readonly previous: Previous | undefined };

/** A flight, and what it is to find out. */
export interface Asking {
  readonly flight: Flight;
  readonly question: Question;
}

/** How to read: with `leases`, takes the lease where there is something to load; with `over`, also over that version. */
export interface HowToRead {
  readonly leases: boolean;
  readonly over?: string | undefined;
}

/** One read, as it was sent; `seen` is what this node knew of the partition then. */
interface Sent {
  readonly sentMs: number;
  readonly seen: Head | undefined;
  readonly lease: LeaseRequest | undefined;
  readonly over: string | undefined;
}

/** An entry that was found, unpacked, and the rest of its life. */
interface FoundEntry {
  readonly entry: TierEntry;
  readonly remainingMs: number;
}

/** An entry found live under a head that this node can vouch for; `fresh` unless it expired or is in its grace. */
interface LiveEntry extends DecodedValue, FoundEntry {
  /** Whether it, or a scope of it, was expired. */
  readonly expired: boolean;
  readonly fresh: boolean;
}

/** Reads one namespace's entries from the tier, and judges whether this node may answer them. */
export class TierReader {
  readonly #engine: Engine;
  readonly #space: Space;
  readonly #near: NearStore;
  #complainedMs = Number.NEGATIVE_INFINITY;

  constructor(engine: Engine, space: Space) {
    this.#engine = engine;
    this.#space = space;
    this.#near = new NearStore(engine, space);
  }

  /** Reads once. A live entry is kept near. */
  async consult(flight: Flight, question: Question, { over, leases }: HowToRead): Promise<Consulted> {
    const { node, breaker, queuedClears } = this.#engine;
    const { partition } = flight;
    if (!breaker.closed || !node.isFresh(partition)) return { kind: 'unreachable' };
    if (queuedClears.concerns(partition) && !(await queuedClears.replay())) return { kind: 'unreachable' };
    const lease = leases ? { token: node.random.hex(TOKEN_BYTES), leaseMs: this.#space.policy.leaseMs } : undefined;
    const sent = { sentMs: node.clock.nowMs(), seen: node.data[partition]?.seen, lease, over };
    const read = await this.#read(() => this.#send(question, over, lease));
    return read === undefined ? { kind: 'unreachable' } : await this.#consulted({ flight, question }, read, sent);
  }

  /** Whether a partition can be read at once, with nothing to be done before. */
  mayReadNow(partition: number): boolean {
    const { node, breaker, queuedClears } = this.#engine;
    return breaker.closed && node.isFresh(partition) && !queuedClears.concerns(partition);
  }

  /**
   * Reads once for flights whose partitions can be read at once; each is told by itself. No lease is taken: a flight
   * that is to load what is absent asks again, and in most calls for many the tier has most keys.
   */
  consultMany(askings: readonly Asking[]): readonly Promise<Consulted>[] {
    const { node } = this.#engine;
    const sentMs = node.clock.nowMs();
    const seen = askings.map(({ flight }) => node.data[flight.partition]?.seen);
    const reading = this.#read(() => node.tier.readMany(askings.map(({ question }) => question.address)));
    return askings.map(async (asking, at): Promise<Consulted> => {
      const read = (await reading)?.[at];
      if (read === undefined) return { kind: 'unreachable' };
      return await this.#consulted(asking, read, { sentMs, seen: seen[at], lease: undefined, over: undefined });
    });
  }

  /** What the tier answers; undefined where it does not. */
  async #read<R>(send: () => Promise<R>): Promise<R | undefined> {
    try {
      return await this.#engine.breaker.call(send);
    } catch (error) {
      if (error instanceof CacheError) return undefined;
      throw error;
    }
  }

  /** What a read says to the flight that it was sent for. A live entry is kept near. */
  async #consulted({ flight, question }: Asking, read: TierRead, sent: Sent): Promise<Consulted> {
    const { node } = this.#engine;
    const { sentMs, lease, over } = sent;
    // Who is to load asks again, for the lease.
    const absent: Consulted = { kind: question.loader !== undefined && lease === undefined ? 'again' : 'absent' };
    const head = this.#vouchedHead(flight, read.head, sent.seen);
    const judged = read.entry && head && this.#judge(flight, read.entry);
    const live = judged instanceof Promise ? await judged : judged;
    const isReplaced = live !== undefined && live.entry.version === over;
    if (live?.fresh && head && !isReplaced) {
      this.#keep(flight, question, { live, head, sentMs });
      const { value, absence, entry } = live;
      return { kind: 'live', answer: freshHit({ value, absence, version: entry.version }, 'tier') };
    }
    const previous = live && previousOf(live, sentMs);
    if (read.lease === 'granted' && lease !== undefined) {
      const late = node.clock.nowMs() - sentMs > lease.leaseMs * (1 - CLOCK_RATE_ERROR);
      return late ? { kind: 'again' } : { kind: 'granted', token: lease.token, previous };
    }
    if (read.lease === 'wait') return { kind: 'wait', previous };
    if (read.entry === undefined) return absent;
    if (head === undefined) return (await this.#catchUp(flight)) ? { kind: 'again' } : { kind: 'unreachable' };
    const version = entryVersion(read.entry.bytes);
    return version === undefined ? absent : { kind: 'replaceable', version, previous };
  }

  #send(question: Question, over: string | undefined, lease: LeaseRequest | undefined): Promise<TierRead> {
    const { tier } = this.#engine.node;
    if (over !== undefined && lease !== undefined) return tier.readOver(question.address, over, lease);
    return tier.read(question.address, lease);
  }

  /** The read's head, if it is of this node's history and this node is not behind it for longer than Δ. */
  #vouchedHead(flight: Flight, head: Head | undefined, seenWhenSent: Head | undefined): Head | undefined {
    const { node } = this.#engine;
    const applied = node.data[flight.partition]?.applied;
    if (head === undefined || head.incarnation !== applied?.incarnation || isBehind(head, seenWhenSent))
      return undefined;
    return node.isFresh(flight.partition) ? head : undefined;
  }

  /** Decodes an entry and judges it live; undefined when it is dead or unreadable. Mostly at once. */
  #judge(flight: Flight, { bytes, remainingMs }: StoredEntry): LiveEntry | undefined | Promise<LiveEntry | undefined> {
    const body = decodeEntry(bytes);
    const entry = body && unpacked(this.#engine, this.#space, { keyId: flight.keyId, body });
    if (entry === undefined) return this.#rejected();
    const found = { entry, remainingMs };
    const decoded = decodeValue(this.#space, entry);
    const isKnown = entry.born.incarnation === this.#engine.node.epochs.incarnation;
    if (decoded instanceof Promise || !isKnown) return this.#judgeLater(flight, found, decoded);
    return this.#judged(flight, found, decoded);
  }

  async #judgeLater(
    flight: Flight,
    found: FoundEntry,
    decoding: DecodedValue | undefined | Promise<DecodedValue | undefined>,
  ): Promise<LiveEntry | undefined> {
    const decoded = await decoding;
    const { epochs } = this.#engine.node;
    const isForeign = found.entry.born.incarnation !== epochs.incarnation;
    if (decoded !== undefined && isForeign && !(await this.#catchUp(flight))) return undefined;
    return this.#judged(flight, found, decoded);
  }

  #judged(
    flight: Flight,
    { entry, remainingMs }: FoundEntry,
    decoded: DecodedValue | undefined,
  ): LiveEntry | undefined {
    if (decoded === undefined) return this.#rejected();
    // Its flight has ended, or does something else by now: no event tells it that this is old.
    if (flight.doesWithoutTier) return undefined;
    const { node } = this.#engine;
    flight.scopes = scopesOf(this.#space, entry.tags);
    if (!node.epochs.isLive(entry.born, this.#space.scopeId, entry.tags)) return undefined;
    const expired = entry.expired || node.epochs.isExpired(entry.born, this.#space.scopeId, entry.tags);
    const { value, absence } = decoded;
    return { value, absence, entry, remainingMs, expired, fresh: !expired && remainingMs > entry.graceMs };
  }

  #rejected(): undefined {
    const { counters, clock, logger } = this.#engine.node;
    counters.entriesRejected++;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#complainedMs < COMPLAINT_INTERVAL_MS) return;
    this.#complainedMs = nowMs;
    const { name: namespace } = this.#space;
    logger.warn('an entry in the tier cannot be read, and counts as none: another release, codec, schema or key?', {
      namespace,
    });
  }

  #keep(
    flight: Flight,
    question: Question,
    { live, head, sentMs }: { readonly live: LiveEntry; readonly head: Head; readonly sentMs: number },
  ): void {
    const { entry, remainingMs, value, absence } = live;
    const freshMs = remainingMs - entry.graceMs;
    const { freshUntilMs, staleUntilMs, graceMs } = nearLife(sentMs, {
      freshMs,
      graceMs: entry.graceMs,
      nearTtlMs: this.#space.policy.nearTtlMs,
    });
    this.#near.keep(
      flight,
      { incarnation: head.incarnation, sequence: entry.versionSequence },
      {
        key: question.key,
        value,
        absence,
        bytes: entry.payload.length,
        version: entry.version,
        fingerprint: entry.fingerprint,
        born: entry.born,
        tags: entry.tags,
        loadedMs: Number.NEGATIVE_INFINITY,
        freshUntilMs,
        staleUntilMs,
        graceMs,
      },
    );
  }

  /** Makes a heartbeat; answers whether this node may vouch for the flight's partition after it. */
  async #catchUp(flight: Flight): Promise<boolean> {
    await this.#engine.heartbeat.beat();
    return this.#engine.breaker.closed && this.#engine.node.isFresh(flight.partition);
  }
}

/** What a value that is replaced may still be used for; "there is none" is no value. */
function previousOf(
  { entry, value, absence, remainingMs, expired, fresh }: LiveEntry,
  sentMs: number,
): Previous | undefined {
  if (absence !== undefined) return undefined;
  const { version, born, tags, codec, payload } = entry;
  return {
    value,
    source: 'tier',
    version,
    born,
    tags,
    encoded: { codec, payload },
    bytes: payload.length,
    pastMs: expired ? Number.POSITIVE_INFINITY : entry.graceMs - remainingMs,
    standsInUntilMs: sentMs + (fresh || entry.graceMs > 0 ? remainingMs * LIFE_FACTOR : 0),
  };
}
