import type { Commit, EntryWrite, KeyAddress, TierCompared } from '@lockstep/core';
import { ConfigError, TierUnavailableError } from '@lockstep/core';
import { SPANS } from '@lockstep/telemetry';
import { encodeValue } from './codec.ts';
import type { Duration } from './duration.ts';
import type { Engine, Space } from './engine.ts';
import { entryWrite, freshFor, graceFor, tagIds } from './entry-write.ts';
import type { Flight } from './flight.ts';
import { beginFlight } from './flight.ts';
import type { Verb } from './invalidate.ts';
import { invalidateKey } from './invalidate.ts';
import { keyAddress } from './key-address.ts';
import { NearStore, nearLife, scopesOf } from './near-store.ts';
import type { ClearOptions, CommittedOptions, Compared, QueuedReceipt, Receipt, Spread } from './receipt.ts';
import { keyTarget, receiptOf } from './receipt.ts';
import { spread } from './spread.ts';
import { watchedWrite } from './write-watch.ts';

/** Options of one write. */
export interface SetOptions {
  /** As for a load. Default: none. */
  readonly tags?: readonly string[];
  /** How long this value is fresh. Default: the namespace's `ttl`. */
  readonly ttl?: Duration;
  /** How long after that it may stand in for a load that fails. Default: the namespace's `grace`. */
  readonly grace?: Duration;
}

/** One write of one key, and the flight it must not poison. */
interface KeyWrite {
  readonly kind: Receipt['kind'];
  readonly address: KeyAddress;
  readonly flight?: Flight;
  readonly wait?: CommittedOptions['wait'];
}

/** A value that is to be written, as its caller said. */
interface AskedWrite {
  readonly key: string;
  readonly value: unknown;
  readonly options: SetOptions;
}

/** What was committed, and how it spreads. */
interface Committed {
  readonly commit: Commit;
  readonly spreading: Promise<Spread>;
}

/** A value on its way: its write, and how it is kept near once that is committed. */
interface Writing {
  readonly write: EntryWrite;
  readonly flight: Flight;
  kept(committed: Committed): Promise<Receipt>;
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
  set(key: string, value: unknown, options: SetOptions): Promise<Receipt> {
    const { tier, id } = this.#engine.node;
    const { shared } = this.#space.policy;
    return this.#writing({ key, value, options }, async ({ write, flight, kept }) => {
      // Where the tier is to have no value, the other nodes are told that theirs is old.
      const kind = shared ? 'put' : 'clear';
      const send = (): Promise<Commit> => (shared ? tier.put(write) : tier.clear(write, id));
      return kept(await this.#commit({ kind, address: write, flight }, send));
    });
  }

  /** Writes a value, if the tier's entry is of this version. */
  async compareAndSet(
    key: string,
    value: unknown,
    options: SetOptions & { readonly version: string },
  ): Promise<Compared> {
    const { tier } = this.#engine.node;
    this.#refuseVersions();
    return this.#writing({ key, value, options }, async ({ write, flight, kept }) => {
      const send = (): Promise<TierCompared> => tier.compareAndPut(write, options.version);
      const made = await this.#compare({ kind: 'put', address: write, flight }, send);
      return 'commit' in made ? { committed: true, receipt: await kept(made) } : made;
    });
  }

  /** Removes a key everywhere, if the tier's entry is of this version. */
  async compareAndClear(
    key: string,
    { version, wait }: { readonly version: string; readonly wait?: CommittedOptions['wait'] },
  ): Promise<Compared> {
    const { node } = this.#engine;
    this.#refuseVersions();
    const address = keyAddress(node, this.#space.name, key);
    return watchedWrite(node, { name: SPANS.clear, address }, async () => {
      await this.#settleClears(address);
      const send = (): Promise<TierCompared> => node.tier.compareAndClear(address, version, node.id);
      const made = await this.#compare({ kind: 'clear', address, wait }, send);
      if (!('commit' in made)) return made;
      return { committed: true, receipt: keyReceipt('clear', address, await made.spreading) };
    });
  }

  /** Removes a key everywhere, or ends its freshness. */
  invalidate(kind: Verb, key: string, options: ClearOptions): Promise<Receipt | QueuedReceipt> {
    return invalidateKey(
      this.#engine,
      { kind, address: keyAddress(this.#engine.node, this.#space.name, key) },
      options,
    );
  }

  /** Encodes a value, begins its flight, and lets `commit` write it. */
  #writing<R extends Receipt | Compared>(asked: AskedWrite, commit: (writing: Writing) => Promise<R>): Promise<R> {
    const { node } = this.#engine;
    const address = keyAddress(node, this.#space.name, asked.key);
    return watchedWrite(node, { name: SPANS.set, address }, () => this.#written(address, asked, commit));
  }

  async #written<R>(
    address: KeyAddress,
    { key, value, options }: AskedWrite,
    commit: (writing: Writing) => Promise<R>,
  ): Promise<R> {
    const { node } = this.#engine;
    const encoded = await encodeValue(this.#space, `namespace "${this.#space.name}", key ${address.keyId}`, value);
    const tags = tagIds(this.#engine, options.tags ?? []);
    const ttlMs = freshFor(this.#space, options.ttl, this.#space.policy.ttlMs);
    const graceMs = graceFor(this.#space, options.grace);
    await this.#settleClears(address);
    const flight = beginFlight({ ...address, loads: false });
    node.flights.add(flight);
    flight.scopes = scopesOf(this.#space, tags);
    const born = node.born();
    const sentMs = node.clock.nowMs();
    try {
      const write = entryWrite(this.#engine, this.#space, { ...encoded, address, tags, born, ttlMs, graceMs });
      const kept = async (made: Committed): Promise<Receipt> => {
        this.#near.keep(flight, made.commit, {
          key,
          value: encoded.value,
          absence: undefined,
          bytes: encoded.payload.length,
          version: this.#space.policy.shared ? String(made.commit.sequence) : '',
          fingerprint: write.fingerprint,
          born,
          tags,
          loadedMs: sentMs,
          ...nearLife(sentMs, { freshMs: ttlMs, graceMs, nearTtlMs: this.#space.policy.nearTtlMs }),
        });
        return keyReceipt('put', address, await made.spreading);
      };
      return await commit({ write, flight, kept });
    } finally {
      node.flights.remove(flight);
    }
  }

  /** Versions are the tier's. */
  #refuseVersions(): void {
    if (this.#space.policy.shared) return;
    throw new ConfigError(`namespace "${this.#space.name}" is not shared: its values have no versions to compare`);
  }

  /** Nothing is written by a value, or a version, before the clears that wait for the tier. */
  async #settleClears({ partition }: KeyAddress): Promise<void> {
    if (await this.#engine.queuedClears.settled(partition)) return;
    throw new TierUnavailableError(`namespace "${this.#space.name}": clears that wait for the tier come first`);
  }

  /**
   * Commits, and begins to spread that: it is published, and in effect here, when this resolves. Where committing fails
   * it may still have happened, so what this node holds of the key is dropped.
   */
  async #commit(write: KeyWrite, send: () => Promise<Commit>): Promise<Committed> {
    return this.#spread(write, await this.#sent(write, send));
  }

  /** As `#commit`, by version. Where that differs this node was behind: what it holds of the key, of another version, is dropped. */
  async #compare(
    write: KeyWrite,
    send: () => Promise<TierCompared>,
  ): Promise<Committed | Extract<Compared, { committed: false }>> {
    const made = await this.#sent(write, send);
    if (made.outcome === 'committed') return this.#spread(write, made.commit);
    const { near } = this.#engine.node;
    const { version } = made;
    const { keyId } = write.address;
    // No flight is poisoned: one of them may be the write of that very version.
    if (near.entryOf(keyId)?.version !== version) near.drop(keyId);
    return { committed: false, version };
  }

  async #sent<R>({ address }: KeyWrite, send: () => Promise<R>): Promise<R> {
    try {
      return await this.#engine.breaker.call(send);
    } catch (error) {
      const { near, flights } = this.#engine.node;
      near.drop(address.keyId);
      flights.poisonKey(address.keyId);
      throw error;
    }
  }

  #spread({ kind, address, flight, wait }: KeyWrite, commit: Commit): Committed {
    const { keyId, partition } = address;
    return { commit, spreading: spread(this.#engine, { commit, partition, effect: { kind, keyId }, flight, wait }) };
  }
}

function keyReceipt(kind: Receipt['kind'], address: KeyAddress, spread: Spread): Receipt {
  return receiptOf({ kind, target: keyTarget(address), partition: address.partition }, spread);
}
