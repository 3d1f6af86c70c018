import type { Born, EntryHeader } from './entry.ts';
import type { Epoch } from './epochs.ts';
import type { Effect } from './event.ts';
import type { Head } from './history.ts';
import type { Incarnation, KeyId, NodeId, ScopeId } from './keys.ts';

/** Time, as one node sees it, in milliseconds from an arbitrary start. */
export interface Clock {
  /** For rights (horizon, entry expiry): monotonic time that also takes every forward jump of wall time. */
  nowMs(): number;
  /** An instant not before `nowMs()` and at most 2 ms after it; cheap, for rights that are checked on every hit. */
  ceilingMs(): number;
  /** For waits on which others' rights depend: pure monotonic time, which never runs ahead. */
  monotonicMs(): number;
}

/** Calls back later. */
export interface Timers {
  /** Calls `run` once after `delayMs`; answers a function that cancels it. A waiting timer keeps no process alive. */
  after(delayMs: number, run: () => void): () => void;
}

/** Randomness. */
export interface Random {
  /** `bytes` random bytes as lower-case hexadecimal; unpredictable. */
  hex(bytes: number): string;
  /** A number in [0, 1), for jitter. */
  fraction(): number;
}

/** Where a node says what it did; `fields` never hold keys, values or secrets. */
export interface Logger {
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

/** Hears what the bus brings; none of the methods throws. */
export interface BusListener {
  /** One message, as some node published it. This node's own come back too, or not. */
  message(bytes: Uint8Array): void;
  /** The bus can be reached again after it could not: messages may have been lost. */
  restored(): void;
  /** The bus cannot be reached, or drops messages. */
  interrupted(reason: string): void;
}

/**
 * Carries messages to every node of the cluster, at most once, in no promised order.
 *
 * Adapters connect in the background and reconnect for ever; nothing here waits for the bus.
 */
export interface Bus {
  readonly connected: boolean;
  /** Names the one listener; called once, before the first `publish`. */
  listen(listener: BusListener): void;
  /** Sends and forgets: a message that cannot be sent now is dropped. Never throws. */
  publish(message: Uint8Array): void;
  /** Sends what was published, leaves, and releases everything. Bounded in time; never rejects. */
  close(): Promise<void>;
}

/** A position that a script committed: the new head, and the sequence of the event before it (0: none). */
export interface Commit extends Head {
  readonly previous: number;
}

/** How many replicas a commit is to have reached, and for how long that is waited for. */
export interface ReplicasWanted {
  readonly replicas: number;
  readonly timeoutMs: number;
}

/** One key in the tier. */
export interface KeyAddress {
  readonly partition: number;
  readonly namespace: string;
  readonly keyId: KeyId;
}

/** A fill lease that is asked for: a token made for this attempt alone, and how long it holds. */
export interface LeaseRequest {
  readonly token: string;
  readonly leaseMs: number;
}

/** An entry's bytes (see `decodeEntry`) and the rest of its life in the tier. */
export interface StoredEntry {
  readonly bytes: Uint8Array;
  readonly remainingMs: number;
}

/**
 * What a read found. `lease` is `granted` (load, then fill), `wait` (another node loads), or `none`: not asked for,
 * or not needed because the entry can be answered.
 */
export interface TierRead {
  readonly head: Head | undefined;
  readonly entry: StoredEntry | undefined;
  readonly lease: 'granted' | 'wait' | 'none';
}

/** An entry to be written. `ttlMs` is its whole life in the tier, grace included. */
export interface EntryWrite extends KeyAddress {
  readonly sender: NodeId;
  readonly body: Uint8Array;
  readonly born: Born;
  /** Equal for equal value and scopes of this key: 32 hexadecimal characters. */
  readonly fingerprint: string;
  readonly ttlMs: number;
}

/**
 * How a fill ended. `rejected`: the lease was lost, nothing was stored. `loud`: stored, with an event, because some
 * node may hold another value. `silent`: stored, nobody can hold anything. `renewed`: the same bytes were there.
 */
export type TierFill =
  | { readonly outcome: 'rejected'; readonly head: Head | undefined }
  | { readonly outcome: 'loud'; readonly commit: Commit; readonly waiters: boolean }
  | {
      readonly outcome: 'silent' | 'renewed';
      readonly head: Head;
      readonly version: string;
      readonly waiters: boolean;
    };

/** How a write by version ended. `differs`: nothing was written, and the entry is of this version; empty: there is none. */
export type TierCompared =
  | { readonly outcome: 'committed'; readonly commit: Commit }
  | { readonly outcome: 'differs'; readonly version: string };

/** One event as a partition's log keeps it. */
export interface LogRecord {
  readonly sequence: number;
  readonly previous: number;
  readonly effect: Effect;
}

/** All of the control partition's state, read at one instant. */
export interface ControlState {
  readonly head: Head;
  readonly floor: number;
  readonly epochs: readonly Epoch[];
}

/** What an audit asks about: an entry, and the scopes that it belongs to. */
export interface InspectSubject extends Pick<KeyAddress, 'partition' | 'keyId'> {
  readonly scopes: readonly ScopeId[];
}

/** What the tier has of an entry, without its value. */
export interface Inspected {
  /** Undefined where there is no entry, or none that can be read. */
  readonly header: EntryHeader | undefined;
  /** The control partition's; undefined where it has no head. */
  readonly controlIncarnation: Incarnation | undefined;
  /** The highest epoch of the scopes, of clears or expires; 0: none of them has one. */
  readonly epoch: number;
}

/** One entry, as a scan finds it. */
export interface ScannedEntry {
  readonly keyId: KeyId;
  /** Its beginning, up to `ENTRY_HEAD_BYTES_MAX`: see `decodeEntry`. */
  readonly head: Uint8Array;
  /** How large it is, payload included. */
  readonly bytes: number;
}

/** A part of a namespace's entries in one partition, and from where to go on; `0`: that was the last one. */
export interface ScanPage {
  readonly entries: readonly ScannedEntry[];
  readonly cursor: string;
}

/** The members of the cluster, as the tier lists them at one instant. */
export interface Members {
  /** Of the control partition's head; undefined where it has none. Under one that is not known, members may be missing. */
  readonly incarnation: Incarnation | undefined;
  /** Every member's newest nonce. */
  readonly nonces: ReadonlyMap<NodeId, string>;
}

/** What all nodes of a cluster must agree on. `deltaMaxMs`: the largest Δ a node may have. */
export interface ClusterSettings {
  readonly partitions: number;
  readonly format: number;
  readonly secretFingerprint: string;
  readonly deltaMaxMs: number;
}

/** Facts about the tier's server; `evictsMetadata` says that its eviction policy can take what has no TTL. */
export interface TierInfo {
  readonly version: string;
  readonly usedMemoryBytes: number;
  readonly keys: number;
  readonly evictionPolicy: string;
  readonly evictsMetadata: boolean;
}

/**
 * The shared tier: one linearizable primary per partition. Every call is one atomic step there, or rejects with
 * `TierUnavailableError` in bounded time; a rejected call may have taken effect, or still take it.
 *
 * Adapters connect in the background and reconnect for ever.
 */
export interface Tier {
  /** What the server is, as OpenTelemetry's `db.system.name` has it: `redis`. Not told: undefined. */
  readonly system?: string;
  /** Reads head and entry; with `lease`, takes the lease where there is no entry, or an expired one. Without, as `readMany`. */
  read(address: KeyAddress, lease?: LeaseRequest): Promise<TierRead>;
  /** Like `read`, for an entry of this version that the node judged dead or unreadable: takes the lease over it. */
  readOver(address: KeyAddress, version: string, lease: LeaseRequest): Promise<TierRead>;
  /**
   * Reads many, in their order, in one round trip, and takes no lease. Of one partition, head and entries are of one
   * instant; the partitions are read one after the other, and the tier's clock before them all (ADR 0011).
   */
  readMany(addresses: readonly KeyAddress[]): Promise<readonly TierRead[]>;
  fill(write: EntryWrite, token: string): Promise<TierFill>;
  /** Gives a lease back after a failed load; answers whether anyone waits. */
  release(address: KeyAddress, token: string): Promise<{ readonly waiters: boolean }>;
  put(write: EntryWrite): Promise<Commit>;
  clear(address: KeyAddress, sender: NodeId): Promise<Commit>;
  expire(address: KeyAddress, sender: NodeId): Promise<Commit>;
  /** As `put`, if the entry is of this version; empty: if there is none. An entry that the node judges dead is one. */
  compareAndPut(write: EntryWrite, version: string): Promise<TierCompared>;
  /** As `clear`, likewise. */
  compareAndClear(address: KeyAddress, version: string, sender: NodeId): Promise<TierCompared>;
  clearScope(scopeId: ScopeId, sender: NodeId): Promise<Commit>;
  expireScope(scopeId: ScopeId, sender: NodeId): Promise<Commit>;
  /**
   * How many replicas of the partition's primary have this commit, and all before it: answers once so many as wanted
   * do, or with fewer when the time is over; 0 where the primary itself does not have it. No atomic step.
   */
  replicated(partition: number, commit: Commit, wanted: ReplicasWanted): Promise<number>;

  /** Makes the partition's head, with this incarnation, where it has none; answers the head. */
  found(partition: number, incarnation: Incarnation): Promise<Head>;
  /** Proves that the tier takes plain writes, then reads the heads, in the order asked for. */
  heads(partitions: readonly number[]): Promise<readonly (Head | undefined)[]>;
  /** At most `limit` events of the partition's log from `sequence` on, oldest first. */
  log(partition: number, sequence: number, limit: number): Promise<readonly LogRecord[]>;
  /** The control partition's state; undefined when it has no head. */
  control(): Promise<ControlState | undefined>;
  /** Records the settings where none are; answers those in force. */
  settle(settings: ClusterSettings): Promise<ClusterSettings>;

  beat(node: NodeId, nonce: string): Promise<void>;
  members(): Promise<Members>;
  /** Removes a member's record, if it still has this nonce. */
  forget(node: NodeId, nonce: string): Promise<void>;

  /** How many entries of a namespace have not ended their life, over all `partitions`. */
  count(namespace: string, partitions: number): Promise<number>;
  /** What the tier has of these entries, in their order. Takes nothing, changes nothing; no atomic step. */
  inspect(subjects: readonly InspectSubject[]): Promise<readonly Inspected[]>;
  /**
   * A page of a namespace's entries in one partition, about `count` of them: from the beginning with the cursor `0`, else
   * from where an earlier page ended. What is there all the while is found, maybe twice. No atomic step.
   */
  scan(of: Pick<KeyAddress, 'partition' | 'namespace'>, cursor: string, count: number): Promise<ScanPage>;
  /**
   * Takes an entry away as memory pressure does, without an event, if it is of this version; answers whether it was.
   * Its place in the index stays until its time is over.
   */
  reclaim(address: KeyAddress, version: string): Promise<boolean>;
  info(): Promise<TierInfo>;
  /** For how long the connection to the partition's server has been up, in ms of monotonic time; 0: it is not. */
  uptimeMs(partition: number): number;
  /** Releases everything, pending calls reject. Bounded in time; never rejects. */
  close(): Promise<void>;
}
