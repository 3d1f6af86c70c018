import { CacheError } from '@lockstep/core';
import type { Engine, NamespaceCounters, Space } from './engine.ts';
import { freshFor } from './entry-write.ts';
import type { Loader, LoadOptions, Lookup } from './lookup.ts';
import { ReadPath } from './read-path.ts';
import type { ClearOptions, QueuedReceipt, Receipt } from './receipt.ts';
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
 * A named cache with its own policy. Values must be what JSON can hold; those answered are shared with other callers
 * on this node, so treat them as read-only.
 */
export class Namespace<V> {
  readonly name: string;
  readonly #engine: Engine;
  readonly #space: Space;
  readonly #counters: NamespaceCounters;
  readonly #reads: ReadPath;
  readonly #writes: WritePath;

  constructor(engine: Engine, space: Space) {
    this.name = space.name;
    this.#engine = engine;
    this.#space = space;
    this.#counters = space.counters;
    this.#reads = new ReadPath(engine, space);
    this.#writes = new WritePath(engine, space);
  }

  /** The value in this node's near-cache, if it may be served now. Asks nobody. */
  peek(key: string): V | undefined {
    return this.#reads.near(key)?.value as V | undefined;
  }

  /** The value in the near-cache, else in the tier; undefined when neither has it. */
  async get(key: string): Promise<V | undefined> {
    const near = this.#reads.near(key);
    if (near === undefined) return this.#found(key);
    this.#counters.nearHits++;
    return near.value as V;
  }

  /**
   * The value, loaded from the origin when neither near-cache nor tier has it: once for all concurrent callers on all
   * nodes. Rejects with `LoaderError` when the loader fails and nothing may stand in.
   */
  async getOrLoad(key: string, loader: Loader<V>, options: LoadOptions<V> = {}): Promise<V> {
    const found = await this.lookup(key, loader, options);
    if (found.outcome === 'miss')
      throw new CacheError('loader-failed', `namespace "${this.name}": no value was loaded`);
    return found.value;
  }

  /** Like `get`, with a loader like `getOrLoad`, and tells where the value came from and whether it can be trusted. */
  async lookup(key: string, loader?: Loader<V>, options: LoadOptions<V> = {}): Promise<Lookup<V>> {
    this.#check(key);
    options.signal?.throwIfAborted();
    if (typeof options.ttlMs === 'number') freshFor(this.#space, options.ttlMs);
    const answer = this.#reads.lookup(key, loader, options as LoadOptions) as Promise<Lookup<V>>;
    return options.signal === undefined ? answer : leavable(answer, options.signal);
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
  clear(key: string, options?: ClearOptions & { readonly allowDegraded?: false }): Promise<Receipt>;
  clear(key: string, options: ClearOptions): Promise<Receipt | QueuedReceipt>;
  async clear(key: string, options: ClearOptions = {}): Promise<Receipt | QueuedReceipt> {
    this.#check(key);
    return this.#engine.node.background.hold(this.#writes.clear(key, options));
  }

  /** Ends a key's freshness on every node: the next `getOrLoad` loads; the old value may stand in if that fails. */
  async expire(key: string): Promise<Receipt> {
    this.#check(key);
    return this.#engine.node.background.hold(this.#writes.expire(key));
  }

  stats(): NamespaceStats {
    const { entries, bytes, evictions } = this.#space.region;
    return { ...this.#space.counters, entries, bytes, evictions };
  }

  /** Apart from `get`, whose hits are cheaper where it awaits nothing. */
  async #found(key: string): Promise<V | undefined> {
    const found = await this.lookup(key);
    return found.outcome === 'miss' ? undefined : found.value;
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

/** Lets one caller leave; what it waited for goes on for the others. */
function leavable<R>(answer: Promise<R>, signal: AbortSignal): Promise<R> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason);
    signal.addEventListener('abort', leave, { once: true });
    answer.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}
