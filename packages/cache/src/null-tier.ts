import type {
  Bus,
  Clock,
  ClusterSettings,
  Commit,
  ControlState,
  Head,
  Incarnation,
  Inspected,
  InspectSubject,
  KeyAddress,
  KeyId,
  LeaseRequest,
  LogRecord,
  Members,
  ScanPage,
  Tier,
  TierCompared,
  TierFill,
  TierInfo,
  TierRead,
} from '@lockstep/core';
import { CONTROL_PARTITION as CONTROL } from '@lockstep/core';

/** Of so many keys the versions are known; of one beyond, it is as if the tier had evicted it. */
const VERSIONS_MAX = 100_000;

const INCARNATION = '1'.repeat(16) as Incarnation;

/**
 * The tier of a node that has none: it commits every event at once, leases loads, and keeps no entries.
 *
 * With it the near-cache is all there is, and the node runs the same code as a cluster's.
 */
export class NullTier implements Tier {
  readonly #clock: Clock;
  /** The newest sequence of each partition. */
  readonly #heads: Map<number, number> = new Map();
  /** Who loads what, and until when. */
  readonly #leases: Map<KeyId, { readonly token: string; readonly untilMs: number }> = new Map();

  /** What the newest write of each key was, oldest first: values are in the near-cache alone. */
  readonly #versions: Map<KeyId, string> = new Map();
  #fills = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async read(address: KeyAddress, lease?: LeaseRequest): Promise<TierRead> {
    const head = this.#head(address.partition);
    return { head, entry: undefined, lease: lease === undefined ? 'none' : this.#takeLease(address.keyId, lease) };
  }

  async readOver(address: KeyAddress, _version: string, lease: LeaseRequest): Promise<TierRead> {
    return this.read(address, lease);
  }

  readMany(addresses: readonly KeyAddress[]): Promise<readonly TierRead[]> {
    return Promise.all(addresses.map((address) => this.read(address)));
  }

  async fill(write: KeyAddress, token: string): Promise<TierFill> {
    const head = this.#head(write.partition);
    const lease = this.#leases.get(write.keyId);
    if (lease?.token !== token || lease.untilMs <= this.#clock.nowMs()) return { outcome: 'rejected', head };
    this.#leases.delete(write.keyId);
    this.#fills++;
    const version = this.#note(write.keyId, `${head.sequence}-${this.#fills.toString(16)}`);
    return { outcome: 'silent', head, version, waiters: true };
  }

  async release(address: KeyAddress, token: string): Promise<{ readonly waiters: boolean }> {
    if (this.#leases.get(address.keyId)?.token === token) this.#leases.delete(address.keyId);
    return { waiters: true };
  }

  async put(write: KeyAddress): Promise<Commit> {
    const commit = this.#commitKey(write);
    this.#note(write.keyId, String(commit.sequence));
    return commit;
  }

  async clear(address: KeyAddress): Promise<Commit> {
    this.#versions.delete(address.keyId);
    return this.#commitKey(address);
  }

  async compareAndPut(write: KeyAddress, version: string): Promise<TierCompared> {
    return this.#differs(write, version) ?? { outcome: 'committed', commit: await this.put(write) };
  }

  async compareAndClear(address: KeyAddress, version: string): Promise<TierCompared> {
    return this.#differs(address, version) ?? { outcome: 'committed', commit: await this.clear(address) };
  }

  async expire(address: KeyAddress): Promise<Commit> {
    return this.#commitKey(address);
  }

  async clearScope(): Promise<Commit> {
    return this.#commit(CONTROL);
  }

  async expireScope(): Promise<Commit> {
    return this.#commit(CONTROL);
  }

  async replicated(): Promise<number> {
    return 0;
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

  async members(): Promise<Members> {
    return { incarnation: INCARNATION, nonces: new Map() };
  }

  async forget(): Promise<void> {}

  async count(): Promise<number> {
    return 0;
  }

  async inspect(subjects: readonly InspectSubject[]): Promise<readonly Inspected[]> {
    return subjects.map(() => ({ header: undefined, controlIncarnation: INCARNATION, epoch: 0 }));
  }

  async scan(): Promise<ScanPage> {
    return { entries: [], cursor: '0' };
  }

  async reclaim(): Promise<boolean> {
    return false;
  }

  async info(): Promise<TierInfo> {
    return { version: '', usedMemoryBytes: 0, keys: 0, evictionPolicy: 'noeviction', evictsMetadata: false };
  }

  uptimeMs(): number {
    return Number.POSITIVE_INFINITY;
  }

  async close(): Promise<void> {}

  #head(partition: number): Head {
    return { incarnation: INCARNATION, sequence: this.#heads.get(partition) ?? 0 };
  }

  #takeLease(keyId: KeyId, { token, leaseMs }: LeaseRequest): 'granted' | 'wait' {
    const nowMs = this.#clock.nowMs();
    const held = this.#leases.get(keyId);
    if (held !== undefined && held.untilMs > nowMs) return 'wait';
    this.#leases.set(keyId, { token, untilMs: nowMs + leaseMs });
    return 'granted';
  }

  #note(keyId: KeyId, version: string): string {
    this.#versions.delete(keyId);
    this.#versions.set(keyId, version);
    if (this.#versions.size > VERSIONS_MAX) this.#versions.delete(this.#versions.keys().next().value as KeyId);
    return version;
  }

  #differs({ keyId }: KeyAddress, version: string): TierCompared | undefined {
    const current = this.#versions.get(keyId) ?? '';
    return current === version ? undefined : { outcome: 'differs', version: current };
  }

  #commitKey({ keyId, partition }: KeyAddress): Commit {
    this.#leases.delete(keyId);
    return this.#commit(partition);
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
