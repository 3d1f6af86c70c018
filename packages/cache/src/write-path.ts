import type { Commit, KeyAddress } from '@lockstep/core';
import { TierUnavailableError } from '@lockstep/core';
import { encodeValue } from './codec.ts';
import type { Duration } from './duration.ts';
import type { Engine, Space } from './engine.ts';
import { entryWrite, freshFor, graceFor, tagIds } from './entry-write.ts';
import type { Flight } from './flight.ts';
import { beginFlight } from './flight.ts';
import { keyAddress } from './key-address.ts';
import { NearStore, nearLife, scopesOf } from './near-store.ts';
import type { ClearOptions, QueuedReceipt, Receipt, Spread } from './receipt.ts';
import { keyReceipt, keyTarget, queuedReceipt } from './receipt.ts';
import { spread } from './spread.ts';

/** Options of one write. */
export interface SetOptions {
  /** As for a load. Default: none. */
  readonly tags?: readonly string[];
  /** How long this value is fresh. Default: the namespace's `ttl`. */
  readonly ttl?: Duration;
  /** How long after that it may stand in for a load that fails. Default: the namespace's `grace`. */
  readonly grace?: Duration;
}

/** One write of one key: the script that commits it, and the flight it must not poison. */
interface KeyWrite {
  readonly kind: Receipt['kind'];
  readonly address: KeyAddress;
  readonly send: () => Promise<Commit>;
  readonly flight?: Flight;
  readonly wait?: ClearOptions['wait'];
}

/** Writes of one namespace: script, then publish, then apply here, then resolve. */
export class WritePath {
  readonly #engine: Engine;
  readonly #space: Space;
  readonly #near: NearStore;

  constructor(engine: Engine, space: Space) {
    this.#engine = engine;
    this.#space = space;
    this.#near = new NearStore(engine, space);
  }

  /** Throws `config-invalid` where a value cannot be written with these options. */
  check(options: SetOptions): void {
    tagIds(this.#engine, options.tags ?? []);
    freshFor(this.#space, options.ttl, this.#space.policy.ttlMs);
    graceFor(this.#space, options.grace);
  }

  /** Writes a value; when it resolves, no later lookup on this node answers the older one. */
  async set(key: string, value: unknown, options: SetOptions): Promise<Receipt> {
    const { node, queuedClears } = this.#engine;
    const address = keyAddress(node, this.#space.name, key);
    const encoded = await encodeValue(this.#space, `namespace "${this.#space.name}", key ${address.keyId}`, value);
    const { payload } = encoded;
    const tags = tagIds(this.#engine, options.tags ?? []);
    const ttlMs = freshFor(this.#space, options.ttl, this.#space.policy.ttlMs);
    const graceMs = graceFor(this.#space, options.grace);
    if (!(await queuedClears.settled(address.partition))) {
      throw new TierUnavailableError(`namespace "${this.#space.name}": clears that wait for the tier come first`);
    }
    const flight = beginFlight({ ...address, loads: false });
    node.flights.add(flight);
    flight.scopes = scopesOf(this.#space, tags);
    const born = node.born();
    const sentMs = node.clock.nowMs();
    try {
      const write = entryWrite(this.#engine, this.#space, { ...encoded, address, tags, born, ttlMs, graceMs });
      const send = (): Promise<Commit> => node.tier.put(write);
      const { commit, spreading } = await this.#commit({ kind: 'put', address, send, flight });
      this.#near.keep(flight, commit, {
        key,
        value: encoded.value,
        absence: undefined,
        bytes: payload.length,
        version: String(commit.sequence),
        fingerprint: write.fingerprint,
        born,
        tags,
        loadedMs: sentMs,
        ...nearLife(sentMs, { freshMs: ttlMs, graceMs, nearTtlMs: this.#space.policy.nearTtlMs }),
      });
      return keyReceipt('put', address, await spreading);
    } finally {
      node.flights.remove(flight);
    }
  }

  /** Removes a key everywhere. Always an event, also where nothing was: a load under way anywhere must not survive. */
  async clear(key: string, { wait, allowDegraded = false }: ClearOptions): Promise<Receipt | QueuedReceipt> {
    const { node, queuedClears } = this.#engine;
    const address = keyAddress(node, this.#space.name, key);
    const { partition, keyId } = address;
    const send = (): Promise<Commit> => node.tier.clear(address, node.id);
    try {
      const { spreading } = await this.#commit({ kind: 'clear', address, send, wait });
      return keyReceipt('clear', address, await spreading);
    } catch (error) {
      if (!allowDegraded) throw error;
      queuedClears.add({ partition, effect: { kind: 'clear', keyId }, send }, error);
      return queuedReceipt(keyTarget(address));
    }
  }

  /** Ends a key's freshness everywhere; the value may still stand in for a load that fails, within the grace. */
  async expire(key: string): Promise<Receipt> {
    const { node } = this.#engine;
    const address = keyAddress(node, this.#space.name, key);
    const send = (): Promise<Commit> => node.tier.expire(address, node.id);
    const { spreading } = await this.#commit({ kind: 'expire', address, send });
    return keyReceipt('expire', address, await spreading);
  }

  /**
   * Commits, and begins to spread that: it is published, and in effect here, when this resolves. Where committing fails
   * it may still have happened, so what this node holds of the key is dropped.
   */
  async #commit(write: KeyWrite): Promise<{ readonly commit: Commit; readonly spreading: Promise<Spread> }> {
    const { kind, address, send, flight, wait } = write;
    const { node, breaker } = this.#engine;
    const { keyId, partition } = address;
    let commit: Commit;
    try {
      commit = await breaker.call(send);
    } catch (error) {
      node.near.drop(keyId);
      node.flights.poisonKey(keyId);
      throw error;
    }
    const spreading = spread(this.#engine, { commit, partition, effect: { kind, keyId }, flight, wait });
    return { commit, spreading };
  }
}
