import { CacheError, ConfigError } from '@lockstep/core';
import type { Engine, NamespaceCounters, Space } from './engine.ts';
import { freshFor, graceFor, waitFor } from './entry-write.ts';
import type { Explanation } from './explain.ts';
import { explain } from './explain.ts';
import type { Verb } from './invalidate.ts';
import type { ManyLoader } from './load-batch.ts';
import { LoadBatch } from './load-batch.ts';
import { watchedLoad } from './load-watch.ts';
import type { Loader, LoadOptions, Lookup } from './lookup.ts';
import { allOf } from './outcomes.ts';
import { ReadPath } from './read-path.ts';
import type { ClearOptions, CommittedOptions, Compared, QueuedReceipt, Receipt } from './receipt.ts';
import type { SetOptions } from './write-path.ts';
import { WritePath } from './write-path.ts';

/** The longest key, in UTF-16 code units. */
export const KEY_LENGTH_MAX = 4096;

/** What a namespace counted on this node since its start, and what its near-cache holds now. */
export interface NamespaceStats extends Readonly<NamespaceCounters> {
  readonly entries: number;
  /** Bytes of encoded values. */
  readonly bytes: number;
  readonly evictions: number;
}

/**
 * A named cache with its own policy. Values must be what its codec can hold, by default JSON; those answered are frozen, and shared with other
 * callers on this node, unless the namespace makes `copies`.
 */
export class Namespace<V> {
  readonly name: string;
  readonly #engine: Engine;
  readonly #space: Space;
  readonly #reads: ReadPath;
  readonly #writes: WritePath;

  constructor(engine: Engine, space: Space) {
    this.name = space.name;
    this.#engine = engine;
    this.#space = space;
    this.#reads = new ReadPath(engine, space);
    this.#writes = new WritePath(engine, space);
  }

  /** The value in this node's near-cache, if it may be served now. Asks nobody. */
  peek(key: string): V | undefined {
    return this.#reads.near(key)?.value as V | undefined;
  }

  /** The value in the near-cache, else in the tier; undefined when neither has it. */
  async get(key: string): Promise<V | undefined> {
    const near = this.#reads.hit(key);
    return near === undefined ? this.#found(key) : (near.value as V);
  }

  /**
   * The value, loaded from the origin when neither near-cache nor tier has it: once for all concurrent callers on all
   * nodes. Rejects with `LoaderError` when the loader fails and nothing may stand in, and with `value-missing` or
   * `value-denied` when the loader has said so.
   */
  async getOrLoad(key: string, loader: Loader<V>, options: LoadOptions<V> = {}): Promise<V> {
    const found = await this.lookup(key, loader, options);
    if (found.outcome !== 'miss') return found.value;
    const { absence } = found;
    if (absence === undefined) throw new CacheError('loader-failed', `namespace "${this.name}": no value was loaded`);
    const says = absence === 'missing' ? 'has no such value' : 'refuses the value';
    throw new CacheError(`value-${absence}`, `namespace "${this.name}": the origin ${says}`);
  }

  /** Like `get`, with a loader like `getOrLoad`, and tells where the value came from and whether it can be trusted. */
  async lookup(key: string, loader?: Loader<V>, options: LoadOptions<V> = {}): Promise<Lookup<V>> {
    this.#check(key);
    this.#checkLoad(options);
    const manner = { loader: loader as Loader<unknown> | undefined, options: options as LoadOptions };
    return this.#reads.lookup(key, manner) as Promise<Lookup<V>>;
  }

  /** The values of those keys that near-cache or tier have: one round trip to the tier for all that are not near. */
  async getMany(keys: Iterable<string>): Promise<Map<string, V>> {
    return valuesOf(await this.lookupMany(keys));
  }

  /**
   * The values of keys, each as `getOrLoad` finds it, but that the loader is asked once, for all keys that this node is
   * to load; those that the origin has not, or refuses, are left out. Where keys fail, and nothing may stand in, rejects
   * with `BatchError`: its `failed` says which, its `done` has the lookups of the others.
   */
  async getOrLoadMany(
    keys: Iterable<string>,
    loader: ManyLoader<V>,
    options: LoadOptions<V> = {},
  ): Promise<Map<string, V>> {
    return valuesOf(await this.lookupMany(keys, loader, options));
  }

  /** As `lookup`, for many keys: see `getMany` and `getOrLoadMany`. In the order of the keys, each once. */
  async lookupMany(
    keys: Iterable<string>,
    loader?: ManyLoader<V>,
    options: LoadOptions<V> = {},
  ): Promise<Map<string, Lookup<V>>> {
    const asked = new Set(keys);
    for (const key of asked) this.#check(key);
    this.#checkLoad(options);
    const batch = loader && this.#batch(loader as ManyLoader<unknown>);
    const manner = { loader: batch?.loader, options: options as LoadOptions, batch };
    return this.#reads.watch.many(asked.size, () => {
      const answers = this.#reads.lookupMany(asked, manner) as Map<string, Lookup<V> | Promise<Lookup<V>>>;
      return allOf(`namespace "${this.name}"`, answers);
    });
  }

  /** Whether near-cache or tier have a value that may be answered. */
  async has(key: string): Promise<boolean> {
    return (await this.lookup(key)).outcome === 'hit';
  }

  /** How long the key's value, or the answer that there is none, is fresh yet, in ms; undefined: there is neither. */
  async ttl(key: string): Promise<number | undefined> {
    const { near, tier } = await this.explain(key);
    for (const entry of [tier, near]) {
      if (typeof entry === 'object' && entry.objection === undefined) return entry.freshForMs;
    }
    return undefined;
  }

  /** Why this node would answer what for the key: near-cache, tier, version, staleness. Changes nothing. */
  async explain(key: string): Promise<Explanation> {
    this.#check(key);
    return explain(this.#engine, this.#space, key);
  }

  /** Writes a value. When it resolves, the tier has it, and no later lookup on this node answers the older one. */
  async set(key: string, value: V, options: SetOptions = {}): Promise<Receipt> {
    this.#check(key);
    return this.#engine.node.background.hold(this.#writes.set(key, value, options));
  }

  /**
   * Removes a key on every node. Where the tier cannot commit it, rejects with `tier-unavailable`; with `allowDegraded`
   * it is queued, and the receipt says so.
   */
  clear(key: string, options?: CommittedOptions): Promise<Receipt>;
  clear(key: string, options: ClearOptions): Promise<Receipt | QueuedReceipt>;
  async clear(key: string, options: ClearOptions = {}): Promise<Receipt | QueuedReceipt> {
    return this.#invalidate('clear', key, options);
  }

  /**
   * Ends a key's freshness on every node: the next `getOrLoad` loads, and the old value may stand in if that fails.
   * Otherwise as `clear`.
   */
  expire(key: string, options?: CommittedOptions): Promise<Receipt>;
  expire(key: string, options: ClearOptions): Promise<Receipt | QueuedReceipt>;
  async expire(key: string, options: ClearOptions = {}): Promise<Receipt | QueuedReceipt> {
    return this.#invalidate('expire', key, options);
  }

  /**
   * Writes many values, each as `set` does, all on their way at once. Where keys fail, rejects with `BatchError`: its
   * `done` has the receipts of those that are committed; of a key in `failed` with `tier-unavailable`, nobody knows.
   */
  async setMany(values: Iterable<readonly [string, V]>, options: SetOptions = {}): Promise<Map<string, Receipt>> {
    const written = new Map(values);
    for (const key of written.keys()) this.#check(key);
    this.#writes.check(options);
    const receipts = new Map<string, Promise<Receipt>>();
    for (const [key, value] of written) receipts.set(key, this.#writes.set(key, value, options));
    return this.#engine.node.background.hold(allOf(`namespace "${this.name}"`, receipts));
  }

  /** Removes many keys on every node, each as `clear` does, all on their way at once; what fails, as for `setMany`. */
  clearMany(keys: Iterable<string>, options?: CommittedOptions): Promise<Map<string, Receipt>>;
  clearMany(keys: Iterable<string>, options: ClearOptions): Promise<Map<string, Receipt | QueuedReceipt>>;
  async clearMany(keys: Iterable<string>, options: ClearOptions = {}): Promise<Map<string, Receipt | QueuedReceipt>> {
    return this.#invalidateMany('clear', keys, options);
  }

  /** Ends the freshness of many keys on every node, each as `expire` does; otherwise as `clearMany`. */
  expireMany(keys: Iterable<string>, options?: CommittedOptions): Promise<Map<string, Receipt>>;
  expireMany(keys: Iterable<string>, options: ClearOptions): Promise<Map<string, Receipt | QueuedReceipt>>;
  async expireMany(keys: Iterable<string>, options: ClearOptions = {}): Promise<Map<string, Receipt | QueuedReceipt>> {
    return this.#invalidateMany('expire', keys, options);
  }

  /**
   * Writes a value as `set` does, if the tier's entry is of this version, as `lookup` answers it; empty: if there is no
   * entry. Where it is not, nothing is written, and the answer says of what version the entry is; empty: there is none.
   */
  // biome-ignore lint/complexity/useMaxParams: key, expected, new, as compare-and-set is everywhere; the rest are options.
  async compareAndSet(key: string, version: string, value: V, options: SetOptions = {}): Promise<Compared> {
    this.#check(key);
    this.#checkVersion(version);
    return this.#engine.node.background.hold(this.#writes.compareAndSet(key, value, { ...options, version }));
  }

  /** Removes a key on every node as `clear` does, if the tier's entry is of this version: see `compareAndSet`. */
  async compareAndClear(key: string, version: string, options: Pick<CommittedOptions, 'wait'> = {}): Promise<Compared> {
    this.#check(key);
    this.#checkVersion(version);
    return this.#engine.node.background.hold(this.#writes.compareAndClear(key, { ...options, version }));
  }

  stats(): NamespaceStats {
    const { entries, bytes, evictions } = this.#space.region;
    return { ...this.#space.counters, entries, bytes, evictions };
  }

  #batch(loader: ManyLoader<unknown>): LoadBatch {
    const { timers } = this.#engine.node;
    return new LoadBatch(loader, { timers, watch: (load) => watchedLoad(this.#engine.node, this.#space, load) });
  }

  /** Apart from `get`, whose hits are cheaper where it awaits nothing. */
  async #found(key: string): Promise<V | undefined> {
    const found = await this.lookup(key);
    return found.outcome === 'miss' ? undefined : found.value;
  }

  #invalidate(kind: Verb, key: string, options: ClearOptions): Promise<Receipt | QueuedReceipt> {
    this.#check(key);
    return this.#engine.node.background.hold(this.#writes.invalidate(kind, key, options));
  }

  #invalidateMany(
    kind: Verb,
    keys: Iterable<string>,
    options: ClearOptions,
  ): Promise<Map<string, Receipt | QueuedReceipt>> {
    const asked = new Set(keys);
    for (const key of asked) this.#check(key);
    const receipts = new Map<string, Promise<Receipt | QueuedReceipt>>();
    for (const key of asked) receipts.set(key, this.#writes.invalidate(kind, key, options));
    return this.#engine.node.background.hold(allOf(`namespace "${this.name}"`, receipts));
  }

  #checkVersion(version: string): void {
    if (typeof version === 'string') return;
    throw new ConfigError(
      `namespace "${this.name}": version: got ${typeof version}, takes a string as lookup answers it`,
    );
  }

  #checkLoad(options: LoadOptions<V>): void {
    options.signal?.throwIfAborted();
    if (typeof options.ttl !== 'function') freshFor(this.#space, options.ttl, this.#space.policy.ttlMs);
    graceFor(this.#space, options.grace);
    waitFor(this.#space, 'softTimeout', options.softTimeout);
    waitFor(this.#space, 'hardTimeout', options.hardTimeout);
  }

  #check(key: string): void {
    if (this.#engine.closing.aborted) throw new CacheError('closed', `namespace "${this.name}": the node is closed`);
    if (typeof key !== 'string' || key === '' || key.length > KEY_LENGTH_MAX) {
      const got = typeof key === 'string' ? `a string of length ${key.length}` : typeof key;
      throw new CacheError(
        'key-invalid',
        `namespace "${this.name}": key: got ${got}, takes 1 to ${KEY_LENGTH_MAX} characters`,
      );
    }
  }
}

/** The values that were found. */
function valuesOf<V>(found: ReadonlyMap<string, Lookup<V>>): Map<string, V> {
  const values = new Map<string, V>();
  for (const [key, lookup] of found) if (lookup.outcome !== 'miss') values.set(key, lookup.value);
  return values;
}
