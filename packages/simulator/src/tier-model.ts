import type {
  ClusterSettings,
  Commit,
  ControlState,
  Effect,
  EntryWrite,
  Head,
  Incarnation,
  KeyAddress,
  KeyId,
  LeaseRequest,
  LogRecord,
  NodeId,
  ScopeId,
  TierFill,
  TierRead,
} from '@lockstep/core';

const encoder = new TextEncoder();
const LOG_MAX = 10_000;

interface Entry {
  readonly version: string;
  readonly born: string;
  readonly fingerprint: string;
  readonly body: Uint8Array;
  readonly expiresMs: number;
  readonly expired: boolean;
}

interface Lease {
  readonly token: string;
  readonly deadlineMs: number;
  readonly waiting: boolean;
}

/** What every partition has, data or control. */
interface History {
  head: Head | undefined;
  log: LogRecord[];
}

interface DataPartition extends History {
  readonly entries: Map<KeyId, Entry>;
  readonly leases: Map<KeyId, Lease>;
  /** Until when an entry, and so any near copy of it, can live; by namespace. */
  readonly index: Map<string, Map<KeyId, number>>;
}

interface ControlPartition extends History {
  floor: number;
  readonly epochs: Map<ScopeId, number>;
  settings: ClusterSettings | undefined;
  readonly members: Map<NodeId, string>;
}

/** The moment at which a server runs a step: its own time, and the randomness that the step may use. */
export interface Moment {
  readonly nowUs: number;
  readonly incarnation: Incarnation;
}

/**
 * The tier's state and every step of it, as the scripts of the real tier take them. It has no time and no randomness
 * of its own: the same steps at the same moments make the same state, so that a replica can follow.
 */
export class TierModel {
  readonly #data: Map<number, DataPartition> = new Map();
  readonly #control: ControlPartition = {
    head: undefined,
    log: [],
    floor: 0,
    epochs: new Map(),
    settings: undefined,
    members: new Map(),
  };

  read(address: KeyAddress, options: { lease?: LeaseRequest | undefined; over?: string }, moment: Moment): TierRead {
    const partition = this.#partition(address.partition);
    const nowMs = wholeMs(moment);
    const entry = liveEntry(partition, address.keyId, nowMs);
    const needsLoad = entry === undefined || entry.expired || entry.version === options.over;
    const lease =
      options.lease !== undefined && needsLoad
        ? takeLease(partition, address.keyId, { ...options.lease, nowMs })
        : 'none';
    const stored = entry && { bytes: bytesOf(entry), remainingMs: entry.expiresMs - nowMs };
    return { head: partition.head, entry: stored, lease };
  }

  fill(write: EntryWrite, given: { readonly token: string; readonly versionPart: string }, moment: Moment): TierFill {
    const partition = this.#partition(write.partition);
    const nowMs = wholeMs(moment);
    const lease = partition.leases.get(write.keyId);
    if (lease === undefined || lease.token !== given.token || lease.deadlineMs <= nowMs) {
      return { outcome: 'rejected', head: partition.head };
    }
    const found = liveEntry(partition, write.keyId, nowMs);
    const renewed = found !== undefined && found.fingerprint === write.fingerprint;
    const heldUntilMs = indexOf(partition, write.namespace).get(write.keyId) ?? 0;
    const held = found !== undefined || heldUntilMs > nowMs;
    const waiters = lease.waiting;
    partition.leases.delete(write.keyId);
    if (held && !renewed) {
      const commit = commitEvent(partition, { kind: 'fill', keyId: write.keyId }, moment);
      store(partition, write, { version: String(commit.sequence), nowMs });
      return { outcome: 'loud', commit, waiters };
    }
    const head = ensureHead(partition, moment);
    const version = `${head.sequence}-${given.versionPart}`;
    store(partition, write, { version, nowMs });
    if (renewed) raiseIndex(partition, write, heldUntilMs);
    return { outcome: renewed ? 'renewed' : 'silent', head, version, waiters };
  }

  release(address: KeyAddress, token: string): { readonly waiters: boolean } {
    const { leases } = this.#partition(address.partition);
    const lease = leases.get(address.keyId);
    if (lease?.token !== token) return { waiters: false };
    leases.delete(address.keyId);
    return { waiters: lease.waiting };
  }

  put(write: EntryWrite, moment: Moment): Commit {
    const partition = this.#partition(write.partition);
    const commit = commitEvent(partition, { kind: 'put', keyId: write.keyId }, moment);
    store(partition, write, { version: String(commit.sequence), nowMs: wholeMs(moment) });
    partition.leases.delete(write.keyId);
    return commit;
  }

  clear(address: KeyAddress, moment: Moment): Commit {
    const partition = this.#partition(address.partition);
    partition.entries.delete(address.keyId);
    indexOf(partition, address.namespace).delete(address.keyId);
    partition.leases.delete(address.keyId);
    return commitEvent(partition, { kind: 'clear', keyId: address.keyId }, moment);
  }

  expire(address: KeyAddress, moment: Moment): Commit {
    const partition = this.#partition(address.partition);
    const entry = partition.entries.get(address.keyId);
    if (entry !== undefined) partition.entries.set(address.keyId, { ...entry, expired: true });
    partition.leases.delete(address.keyId);
    return commitEvent(partition, { kind: 'expire', keyId: address.keyId }, moment);
  }

  clearScope(scopeId: ScopeId, moment: Moment): Commit {
    if (this.#control.head === undefined) this.#dropControlHistory();
    const commit = commitEvent(this.#control, { kind: 'clear-scope', scopeId }, moment);
    this.#control.epochs.set(scopeId, commit.sequence);
    return commit;
  }

  found(partition: number | 'control', moment: Moment): Head {
    if (partition !== 'control') return ensureHead(this.#partition(partition), moment);
    if (this.#control.head === undefined) this.#dropControlHistory();
    return ensureHead(this.#control, moment);
  }

  head(partition: number | 'control'): Head | undefined {
    return partition === 'control' ? this.#control.head : this.#partition(partition).head;
  }

  log(partition: number | 'control', sequence: number, limit: number): readonly LogRecord[] {
    const { log } = partition === 'control' ? this.#control : this.#partition(partition);
    return log.filter((record) => record.sequence >= sequence).slice(0, limit);
  }

  control(): ControlState | undefined {
    const { head, floor, epochs } = this.#control;
    return head && { head, floor, epochs: [...epochs] };
  }

  settle(settings: ClusterSettings): ClusterSettings {
    this.#control.settings ??= settings;
    return this.#control.settings;
  }

  beat(node: NodeId, nonce: string): void {
    this.#control.members.set(node, nonce);
  }

  members(): readonly NodeId[] {
    return [...this.#control.members.keys()];
  }

  forget(node: NodeId, nonce: string): void {
    if (this.#control.members.get(node) === nonce) this.#control.members.delete(node);
  }

  count(namespace: string, nowUs: number): number {
    let count = 0;
    for (const partition of this.#data.values()) {
      for (const untilMs of indexOf(partition, namespace).values()) if (untilMs > nowUs / 1_000) count++;
    }
    return count;
  }

  /** Takes an entry away as memory pressure does: without an event, and the index still shows it. */
  evict(partition: number, keyId: KeyId): void {
    this.#partition(partition).entries.delete(keyId);
  }

  /** The keys of all entries. */
  entries(): readonly (readonly [number, KeyId])[] {
    return [...this.#data].flatMap(([number, { entries }]) =>
      [...entries.keys()].map((keyId) => [number, keyId] as const),
    );
  }

  /** A copy that goes its own way. */
  clone(): TierModel {
    const copy = new TierModel();
    for (const [number, partition] of this.#data) copy.#data.set(number, structuredClone(partition));
    Object.assign(copy.#control, structuredClone(this.#control));
    return copy;
  }

  #partition(number: number): DataPartition {
    const known = this.#data.get(number);
    if (known !== undefined) return known;
    const made: DataPartition = { head: undefined, log: [], entries: new Map(), leases: new Map(), index: new Map() };
    this.#data.set(number, made);
    return made;
  }

  #dropControlHistory(): void {
    this.#control.floor = 0;
    this.#control.epochs.clear();
  }
}

function ensureHead(history: History, moment: Moment): Head {
  if (history.head === undefined) startHistory(history, moment, Math.max(1, moment.nowUs));
  return history.head as Head;
}

function startHistory(history: History, moment: Moment, sequence: number): void {
  history.log = [];
  if ('leases' in history) (history as DataPartition).leases.clear();
  history.head = { incarnation: moment.incarnation, sequence };
}

function commitEvent(history: History, effect: Effect, moment: Moment): Commit {
  const previous = history.head?.sequence ?? 0;
  const sequence = Math.max(previous + 1, moment.nowUs);
  if (history.head === undefined) startHistory(history, moment, sequence);
  history.head = { incarnation: (history.head as Head).incarnation, sequence };
  history.log.push({ sequence, previous, effect });
  if (history.log.length > LOG_MAX) history.log.shift();
  return { ...history.head, previous };
}

function liveEntry(partition: DataPartition, keyId: KeyId, nowMs: number): Entry | undefined {
  const entry = partition.entries.get(keyId);
  return entry !== undefined && entry.expiresMs > nowMs ? entry : undefined;
}

function takeLease(
  partition: DataPartition,
  keyId: KeyId,
  asked: LeaseRequest & { readonly nowMs: number },
): 'granted' | 'wait' {
  const { nowMs } = asked;
  const held = partition.leases.get(keyId);
  if (held !== undefined && held.deadlineMs > nowMs) {
    partition.leases.set(keyId, { ...held, waiting: true });
    return 'wait';
  }
  const waiting = held?.waiting ?? false;
  partition.leases.set(keyId, { token: asked.token, deadlineMs: nowMs + asked.leaseMs, waiting });
  return 'granted';
}

function store(
  partition: DataPartition,
  write: EntryWrite,
  as: { readonly version: string; readonly nowMs: number },
): void {
  const { version, nowMs } = as;
  const expiresMs = nowMs + Math.floor(write.ttlMs);
  const { fingerprint, body } = write;
  const born = `${write.born.incarnation}:${write.born.sequence}`;
  partition.entries.set(write.keyId, { version, born, fingerprint, body, expiresMs, expired: false });
  indexOf(partition, write.namespace).set(write.keyId, expiresMs);
}

function raiseIndex(partition: DataPartition, write: EntryWrite, untilMs: number): void {
  const index = indexOf(partition, write.namespace);
  index.set(write.keyId, Math.max(index.get(write.keyId) ?? 0, untilMs));
}

function indexOf(partition: DataPartition, namespace: string): Map<KeyId, number> {
  const known = partition.index.get(namespace);
  if (known !== undefined) return known;
  const made = new Map<KeyId, number>();
  partition.index.set(namespace, made);
  return made;
}

function bytesOf(entry: Entry): Uint8Array {
  const header = encoder.encode(`${entry.expired ? 'x' : 'f'} ${entry.version} ${entry.born} ${entry.fingerprint}\n`);
  const bytes = new Uint8Array(header.length + entry.body.length);
  bytes.set(header);
  bytes.set(entry.body, header.length);
  return bytes;
}

function wholeMs(moment: Moment): number {
  return Math.floor(moment.nowUs / 1_000);
}
