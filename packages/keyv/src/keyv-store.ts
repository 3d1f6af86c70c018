import type { ClearOptions, Duration, Lockstep, Namespace } from '@lockstep/cache';
import { ConfigError, millisecondsOf } from '@lockstep/cache';

/** The longest `ttl` that a namespace takes, in ms: about 50 days. */
const TTL_MS_MAX = 0xffff_ffff;

/** Where a Keyv's values are, and how they are kept. */
export interface KeyvStoreOptions {
  /** The node that the application has opened. Default: none, needed. */
  readonly lockstep: Lockstep;
  /** Where values are kept: a namespace of that node, which the stores of several Keyvs may share. Default: none, needed. */
  readonly namespace: Namespace<unknown>;
  /** How long a value is kept for which Keyv says no `ttl`, or 0. Default: the `ttl` of the namespace. */
  readonly ttl?: Duration;
  /**
   * How deletes and clears are made, as for `clear` of a namespace: what they wait for, and what happens while the tier
   * is away. Default: they wait for the tier, and are refused while it is away.
   */
  readonly clears?: ClearOptions;
}

/** One value of a `setMany`. */
export interface KeyvStoreEntry {
  readonly key: string;
  readonly value: unknown;
  /** In ms. */
  readonly ttl?: number | undefined;
}

/**
 * A storage adapter of Keyv over a namespace, for Keyv 5 and 6: with times that are relative, as Keyv 6 bridges to them.
 * Each Keyv takes one of its own, because it writes the name of its namespace into it.
 */
export class LockstepKeyvStore {
  /** Keyv's namespace; written by Keyv. */
  namespace: string | undefined;
  /** Keyv and its adapters keep options here; this one reads none. */
  readonly opts: Record<string, unknown> = {};
  readonly #lockstep: Lockstep;
  readonly #space: Namespace<unknown>;
  readonly #ttl: Duration | undefined;
  readonly #clears: ClearOptions;

  constructor({ lockstep, namespace, ttl, clears = {} }: KeyvStoreOptions) {
    const ttlMs = ttl === undefined ? 1 : millisecondsOf(ttl);
    if (!(Number.isInteger(ttlMs) && ttlMs >= 1 && ttlMs <= TTL_MS_MAX)) {
      throw new ConfigError(`ttl: got ${JSON.stringify(ttl)}, takes a time from 1 to ${TTL_MS_MAX} ms, as '4h'`);
    }
    this.#lockstep = lockstep;
    this.#space = namespace;
    this.#ttl = ttl;
    this.#clears = clears;
  }

  /** Nothing is emitted: what fails rejects, and Keyv emits that. */
  on(_event: string, _listener: (...given: never[]) => void): this {
    return this;
  }

  async get<V>(key: string): Promise<V | undefined> {
    return (await this.#space.get(this.#keyOf(key))) as V | undefined;
  }

  async getMany<V>(keys: readonly string[]): Promise<(V | undefined)[]> {
    return Promise.all(keys.map((key) => this.get<V>(key)));
  }

  async has(key: string): Promise<boolean> {
    return this.#space.has(this.#keyOf(key));
  }

  async hasMany(keys: readonly string[]): Promise<boolean[]> {
    return Promise.all(keys.map((key) => this.has(key)));
  }

  /** `ttl` in ms: none and 0 mean this store's; one that is over removes the key. */
  async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    if (ttl !== undefined && ttl < 0) {
      await this.#space.clear(this.#keyOf(key), this.#clears);
      return true;
    }
    const givenMs = ttl ? Math.min(Math.ceil(ttl), TTL_MS_MAX) : undefined;
    const freshFor = givenMs ?? this.#ttl;
    const tags = [this.#tag()];
    await this.#space.set(this.#keyOf(key), value, freshFor === undefined ? { tags } : { tags, ttl: freshFor });
    return true;
  }

  async setMany(entries: readonly KeyvStoreEntry[]): Promise<boolean[]> {
    return Promise.all(entries.map(({ key, value, ttl }) => this.set(key, value, ttl)));
  }

  /** Removes a key on every node; whether there was something to remove, as far as this node knows. */
  async delete(key: string): Promise<boolean> {
    const was = await this.has(key);
    await this.#space.clear(this.#keyOf(key), this.#clears);
    return was;
  }

  /** Whether there was something to remove for every key. */
  async deleteMany(keys: readonly string[]): Promise<boolean> {
    const deleted = await Promise.all(keys.map((key) => this.delete(key)));
    return deleted.every(Boolean);
  }

  /** Removes all values of this Keyv's namespace, on every node, in one step. */
  async clear(): Promise<void> {
    await this.#lockstep.clear({ tag: this.#tag() }, this.#clears);
  }

  #keyOf(key: string): string {
    return JSON.stringify([this.namespace ?? '', key]);
  }

  #tag(): string {
    return JSON.stringify(['keyv', this.#space.name, this.namespace ?? '']);
  }
}
