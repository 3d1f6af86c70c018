import type {
  Bus,
  ClusterSettings,
  Commit,
  ControlState,
  Head,
  Incarnation,
  KeyAddress,
  LeaseRequest,
  LogRecord,
  NodeId,
  Tier,
  TierFill,
  TierInfo,
  TierRead,
} from '@lockstep/core';
import { CONTROL_PARTITION as CONTROL } from '@lockstep/core';

const INCARNATION = '1'.repeat(16) as Incarnation;

/**
 * The tier of a node that has none: it commits every event at once, and keeps nothing.
 *
 * With it the near-cache is all there is, and the node runs the same code as a cluster's.
 */
export class NullTier implements Tier {
  /** The newest sequence of each partition. */
  readonly #heads: Map<number, number> = new Map();

  async read(address: KeyAddress, lease?: LeaseRequest): Promise<TierRead> {
    return { head: this.#head(address.partition), entry: undefined, lease: lease ? 'granted' : 'none' };
  }

  async readOver(address: KeyAddress, _version: string, lease: LeaseRequest): Promise<TierRead> {
    return this.read(address, lease);
  }

  async fill(write: KeyAddress): Promise<TierFill> {
    const head = this.#head(write.partition);
    return { outcome: 'silent', head, version: `${head.sequence}-0`, waiters: false };
  }

  async release(): Promise<{ readonly waiters: boolean }> {
    return { waiters: false };
  }

  async put(write: KeyAddress): Promise<Commit> {
    return this.#commit(write.partition);
  }

  async clear(address: KeyAddress): Promise<Commit> {
    return this.#commit(address.partition);
  }

  async expire(address: KeyAddress): Promise<Commit> {
    return this.#commit(address.partition);
  }

  async clearScope(): Promise<Commit> {
    return this.#commit(CONTROL);
  }

  async found(partition: number): Promise<Head> {
    return this.#head(partition);
  }

  async heads(partitions: readonly number[]): Promise<readonly Head[]> {
    return partitions.map((partition) => this.#head(partition));
  }

  async log(): Promise<readonly LogRecord[]> {
    return [];
  }

  async control(): Promise<ControlState> {
    return { head: this.#head(CONTROL), floor: 0, epochs: [] };
  }

  async settle(settings: ClusterSettings): Promise<ClusterSettings> {
    return settings;
  }

  async beat(): Promise<void> {}

  async members(): Promise<ReadonlyMap<NodeId, string>> {
    return new Map();
  }

  async forget(): Promise<void> {}

  async count(): Promise<number> {
    return 0;
  }

  async info(): Promise<TierInfo> {
    return { version: '', usedMemoryBytes: 0, keys: 0, evictionPolicy: 'noeviction', evictsMetadata: false };
  }

  controlUptimeMs(): number {
    return Number.POSITIVE_INFINITY;
  }

  async close(): Promise<void> {}

  #head(partition: number): Head {
    return { incarnation: INCARNATION, sequence: this.#heads.get(partition) ?? 0 };
  }

  #commit(partition: number): Commit {
    const previous = this.#head(partition).sequence;
    this.#heads.set(partition, previous + 1);
    return { incarnation: INCARNATION, sequence: previous + 1, previous };
  }
}

/** The bus of a node that has no others to talk to. */
export class NullBus implements Bus {
  readonly connected = true;

  listen(): void {}

  publish(): void {}

  async close(): Promise<void> {}
}
