import type {
  ClusterSettings,
  Commit,
  ControlState,
  EntryWrite,
  Head,
  Incarnation,
  Inspected,
  InspectSubject,
  Journal,
  KeyAddress,
  LeaseRequest,
  LogRecord,
  Members,
  NodeId,
  ReplicasWanted,
  ScanPage,
  ScopeId,
  Tier,
  TierCompared,
  TierFill,
  TierInfo,
  TierRead,
} from '@lockstep/core';
import { Connection } from './connection.ts';
import { Entries } from './entries.ts';
import { beatScript } from './generated/beat.ts';
import { forgetScript } from './generated/forget.ts';
import { membersScript } from './generated/members.ts';
import { Histories } from './history.ts';
import { inspectEntries } from './inspect.ts';
import { KeydbJournal } from './journal.ts';
import { KeyLayout } from './key-layout.ts';
import type { KeydbTierOptions } from './options.ts';
import { resolveOptions } from './options.ts';
import { PlainReads } from './plain-reads.ts';
import { Replicas } from './replicas.ts';
import { Reply } from './reply.ts';
import { scanEntries } from './scan.ts';
import { countEntries, readInfo } from './status.ts';

/**
 * Connects to a tier on KeyDB, Valkey or Redis (6.2 or later): in the background, and again for ever.
 * Throws a `ConfigError` where the options cannot be used, and nothing else.
 */
export function connectKeydb(options: KeydbTierOptions): KeydbTier {
  return new KeydbTier(options);
}

/**
 * The shared tier on one server that speaks the Redis protocol.
 *
 * A call rejects with a `TierUnavailableError` when the server does not answer, and with the code `tier-refused` when
 * it answers that it will not, or answers nonsense. `count`, `inspect`, `readMany`, `replicated` and `scan` alone are no atomic steps.
 */
export class KeydbTier implements Tier {
  readonly system = 'redis';
  readonly #connection: Connection;
  readonly #keys: KeyLayout;
  readonly #entries: Entries;
  readonly #histories: Histories;
  readonly #plainReads: PlainReads;
  readonly #replicas: Replicas;
  /** What the cluster's nodes write down together, over the same connection. */
  readonly journal: Journal;

  constructor(options: KeydbTierOptions) {
    const config = resolveOptions(options);
    this.#connection = new Connection(config);
    this.#keys = new KeyLayout(config.cluster);
    this.#entries = new Entries(this.#connection, this.#keys);
    this.#histories = new Histories(this.#connection, this.#keys);
    this.#plainReads = new PlainReads(this.#connection, this.#keys);
    this.#replicas = new Replicas(config, this.#keys);
    this.journal = new KeydbJournal(this.#connection, this.#keys);
  }

  read(address: KeyAddress, lease?: LeaseRequest): Promise<TierRead> {
    return lease === undefined ? this.#plainReads.one(address) : this.#entries.readLeased(address, '', lease);
  }

  readOver(address: KeyAddress, version: string, lease: LeaseRequest): Promise<TierRead> {
    return this.#entries.readLeased(address, version, lease);
  }

  readMany(addresses: readonly KeyAddress[]): Promise<readonly TierRead[]> {
    return this.#plainReads.many(addresses);
  }

  fill(write: EntryWrite, token: string): Promise<TierFill> {
    return this.#entries.fill(write, token);
  }

  release(address: KeyAddress, token: string): Promise<{ readonly waiters: boolean }> {
    return this.#entries.release(address, token);
  }

  put(write: EntryWrite): Promise<Commit> {
    return this.#entries.put(write);
  }

  clear(address: KeyAddress, sender: NodeId): Promise<Commit> {
    return this.#entries.clear(address, sender);
  }

  expire(address: KeyAddress, sender: NodeId): Promise<Commit> {
    return this.#entries.expire(address, sender);
  }

  compareAndPut(write: EntryWrite, version: string): Promise<TierCompared> {
    return this.#entries.compareAndPut(write, version);
  }

  compareAndClear(address: KeyAddress, version: string, sender: NodeId): Promise<TierCompared> {
    return this.#entries.compareAndClear(address, version, sender);
  }

  clearScope(scopeId: ScopeId, sender: NodeId): Promise<Commit> {
    return this.#histories.endScope({ kind: 'clear-scope', scopeId }, sender);
  }

  expireScope(scopeId: ScopeId, sender: NodeId): Promise<Commit> {
    return this.#histories.endScope({ kind: 'expire-scope', scopeId }, sender);
  }

  replicated(partition: number, commit: Commit, wanted: ReplicasWanted): Promise<number> {
    return this.#replicas.have({ log: this.#keys.log(partition), commit, wanted });
  }

  found(partition: number, incarnation: Incarnation): Promise<Head> {
    return this.#histories.found(partition, incarnation);
  }

  heads(partitions: readonly number[]): Promise<readonly (Head | undefined)[]> {
    return this.#histories.heads(partitions);
  }

  log(partition: number, sequence: number, limit: number): Promise<readonly LogRecord[]> {
    return this.#histories.log(partition, sequence, limit);
  }

  control(): Promise<ControlState | undefined> {
    return this.#histories.control();
  }

  settle(settings: ClusterSettings): Promise<ClusterSettings> {
    return this.#histories.settle(settings);
  }

  async beat(node: NodeId, nonce: string): Promise<void> {
    await this.#connection.run(beatScript, [this.#keys.control.members], [node, nonce]);
  }

  async members(): Promise<Members> {
    const { control, members } = this.#keys.control;
    const reply = await this.#connection.run(membersScript, [control, members], []);
    return new Reply('members', reply).members();
  }

  async forget(node: NodeId, nonce: string): Promise<void> {
    await this.#connection.run(forgetScript, [this.#keys.control.members], [node, nonce]);
  }

  count(namespace: string, partitions: number): Promise<number> {
    return countEntries(this.#connection, this.#keys, { namespace, partitions });
  }

  inspect(subjects: readonly InspectSubject[]): Promise<readonly Inspected[]> {
    return inspectEntries(this.#connection, this.#keys, subjects);
  }

  scan(of: Pick<KeyAddress, 'partition' | 'namespace'>, cursor: string, count: number): Promise<ScanPage> {
    return scanEntries(this.#connection, this.#keys, { ...of, cursor, count });
  }

  reclaim(address: KeyAddress, version: string): Promise<boolean> {
    return this.#entries.reclaim(address, version);
  }

  info(): Promise<TierInfo> {
    return readInfo(this.#connection);
  }

  uptimeMs(): number {
    return this.#connection.uptimeMs;
  }

  async close(): Promise<void> {
    await Promise.all([this.#connection.close(), this.#replicas.close()]);
  }
}
