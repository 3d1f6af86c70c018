import type { Born, KeyId, ScopeId } from '@lockstep/core';
import { ConfigError, EVERYTHING } from '@lockstep/core';
import { LRUCache } from 'lru-cache';

/** Before every instant of a clock; a small integer, which an entry holds without an object of its own. */
const LONG_PAST_MS = -(2 ** 30);

/** An era ends when this part of the entries has been written. */
const ERA_SHARE = 1 / 8;

/** One value in the near-cache, with what the node needs to know whether it may still be served. */
export interface NearEntry {
  readonly key: string;
  readonly keyId: KeyId;
  readonly partition: number;
  readonly value: unknown;
  /** The size that counts against `bytesMax`. */
  readonly bytes: number;
  readonly version: string;
  /** Equal for equal values and scopes of the key; the tier's entry has one too. */
  readonly fingerprint: string;
  readonly born: Born;
  readonly namespace: ScopeId;
  readonly tags: readonly ScopeId[];
  /** When this node began to load the value from the origin, in the clock's ms; −∞ when another node loaded it. */
  readonly loadedMs: number;
  /** Until when the value is fresh, in the clock's ms; an expire moves it to the past. */
  freshUntilMs: number;
  /** Until when the value may be answered as stale, in the clock's ms. */
  readonly staleUntilMs: number;
  /** How much of that comes after the end of its life, in ms: so long it may stand in for a load that fails. */
  readonly graceMs: number;
  /** Why there is no value; then `value` is undefined. */
  readonly absence: 'missing' | 'denied' | undefined;
  /** From when on the value is to be loaded anew ahead of time, in the clock's ms; infinite: not, or it is under way. */
  refreshAtMs: number;
  /** The epoch table's generation under which the entry was last found live. */
  checkedGeneration: number;
  /** For the near-cache: the region that has it. */
  region: NearRegion | undefined;
  /** For the region: the era in which the entry was last moved to the front. */
  era: number;
}

/** Bounds of one region, whole numbers from 1. Both hold at once; the least recently used entries go first. */
export interface NearRegionOptions {
  /** The most entries. */
  readonly entriesMax: number;
  /** The most bytes of encoded values; an entry larger than this is not kept. */
  readonly bytesMax: number;
}

/** The part of the near-cache that one namespace has, with bounds of its own. */
export interface NearRegion {
  readonly entries: number;
  readonly bytes: number;
  /** Entries that were pushed out by newer ones since the start. */
  readonly evictions: number;
  /** Entries that were taken out, by an event, a clear or a new history, since the start. */
  readonly removals: number;
  get(key: string): NearEntry | undefined;
  set(entry: NearEntry): void;
  delete(key: string): void;
}

/**
 * The near-cache of one node: a region for each namespace, and one index by key id over all of them, by which events
 * find the entries they concern. It keeps no time and judges nothing.
 */
export class NearCache {
  readonly #regions: LruRegion[] = [];
  readonly #byKeyId: Map<KeyId, NearEntry> = new Map();
  /** Where the next sample begins. */
  #cursor: Iterator<NearEntry> = this.#byKeyId.values();

  /** Makes a region, which lives as long as the near-cache. Throws `config-invalid` for what bounds nothing. */
  region(options: NearRegionOptions): NearRegion {
    for (const [field, got] of Object.entries(options)) {
      if (!Number.isSafeInteger(got) || got < 1) {
        throw new ConfigError(`near-cache region: ${field}: got ${got}, takes a whole number from 1`);
      }
    }
    const region = new LruRegion(options, this.#byKeyId);
    this.#regions.push(region);
    return region;
  }

  get entries(): number {
    return this.#byKeyId.size;
  }

  /** Whether this very entry, and no later one of its key, is in the near-cache. */
  holds(entry: NearEntry): boolean {
    return this.#byKeyId.get(entry.keyId) === entry;
  }

  /** A key's entry, fresh or not; it is moved nowhere. */
  entryOf(keyId: KeyId): NearEntry | undefined {
    return this.#byKeyId.get(keyId);
  }

  /** Every entry of a scope, fresh or not. */
  *inScope(scopeId: ScopeId): Generator<NearEntry> {
    for (const entry of this.#byKeyId.values()) {
      if (scopeId === EVERYTHING || scopeId === entry.namespace || entry.tags.includes(scopeId)) yield entry;
    }
  }

  /** At most `count` entries, from where the last sample ended; one that comes to the end is shorter. */
  sample(count: number): readonly NearEntry[] {
    const sampled: NearEntry[] = [];
    while (sampled.length < count) {
      const next = this.#cursor.next();
      if (!next.done) {
        sampled.push(next.value);
        continue;
      }
      this.#cursor = this.#byKeyId.values();
      if (sampled.length > 0 || this.#byKeyId.size === 0) break;
    }
    return sampled;
  }

  /** Drops the entry of a key, if there is one. */
  drop(keyId: KeyId): void {
    const entry = this.#byKeyId.get(keyId);
    entry?.region?.delete(entry.key);
  }

  /** Ends the freshness of a key's entry; it stays as a stale value. */
  expire(keyId: KeyId): void {
    const entry = this.#byKeyId.get(keyId);
    if (entry !== undefined) endFreshness(entry);
  }

  /** Drops every entry of a scope. Looks at all entries. */
  dropScope(scopeId: ScopeId): void {
    for (const { keyId } of this.inScope(scopeId)) this.drop(keyId);
  }

  /** Ends the freshness of every entry of a scope. Looks at all entries. */
  expireScope(scopeId: ScopeId): void {
    for (const entry of this.inScope(scopeId)) endFreshness(entry);
  }

  /** Drops every entry of a partition; answers how many. */
  dropPartition(partition: number): number {
    let dropped = 0;
    for (const entry of this.#byKeyId.values()) {
      if (entry.partition !== partition) continue;
      entry.region?.delete(entry.key);
      dropped++;
    }
    return dropped;
  }

  /** Drops everything; answers how many entries there were. */
  dropAll(): number {
    const dropped = this.#byKeyId.size;
    for (const region of this.#regions) region.clear();
    return dropped;
  }
}

/** Ends an entry's freshness; it stays as a stale value. */
export function endFreshness(entry: NearEntry): void {
  entry.freshUntilMs = LONG_PAST_MS;
}

/** Whether an entry's freshness was ended before its time. */
export function isFreshnessEnded({ freshUntilMs }: NearEntry): boolean {
  return freshUntilMs === LONG_PAST_MS;
}

/**
 * A map for reads over an lru-cache for order and bounds. An entry is moved to the front by its first read in an era,
 * and its further ones cost a map's read alone: what was read last era or since goes after everything that was not.
 */
class LruRegion implements NearRegion {
  readonly #lru: LRUCache<string, NearEntry>;
  readonly #byKey: Map<string, NearEntry> = new Map();
  #era = 0;
  #writtenInEra = 0;
  #evictions = 0;
  #removals = 0;
  readonly #byKeyId: Map<KeyId, NearEntry>;

  constructor(options: NearRegionOptions, byKeyId: Map<KeyId, NearEntry>) {
    this.#byKeyId = byKeyId;
    this.#lru = new LRUCache<string, NearEntry>({
      max: options.entriesMax,
      maxSize: options.bytesMax,
      sizeCalculation: (entry) => Math.max(1, entry.bytes),
      dispose: (entry, _key, reason) => {
        if (reason === 'evict') this.#evictions++;
        if (reason === 'delete') this.#removals++;
        this.#byKey.delete(entry.key);
        if (byKeyId.get(entry.keyId) === entry) byKeyId.delete(entry.keyId);
      },
    });
  }

  get entries(): number {
    return this.#lru.size;
  }

  get bytes(): number {
    return this.#lru.calculatedSize;
  }

  get evictions(): number {
    return this.#evictions;
  }

  get removals(): number {
    return this.#removals;
  }

  get(key: string): NearEntry | undefined {
    const entry = this.#byKey.get(key);
    if (entry !== undefined && entry.era !== this.#era) this.#moveToFront(entry);
    return entry;
  }

  set(entry: NearEntry): void {
    this.#lru.set(entry.key, entry);
    if (this.#lru.peek(entry.key) !== entry) return;
    entry.era = this.#era;
    this.#byKey.set(entry.key, entry);
    entry.region = this;
    this.#byKeyId.set(entry.keyId, entry);
    if (++this.#writtenInEra < this.#lru.size * ERA_SHARE) return;
    this.#writtenInEra = 0;
    this.#era++;
  }

  delete(key: string): void {
    this.#lru.delete(key);
  }

  clear(): void {
    this.#lru.clear();
  }

  #moveToFront(entry: NearEntry): void {
    entry.era = this.#era;
    this.#lru.get(entry.key);
  }
}
