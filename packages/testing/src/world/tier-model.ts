import type {
  ClusterSettings,
  Commit,
  ControlState,
  EntryWrite,
  Epoch,
  Head,
  KeyAddress,
  KeyId,
  LeaseRequest,
  LogRecord,
  Members,
  NodeId,
  ScanPage,
  ScopeEffect,
  TierCompared,
  TierFill,
  TierRead,
} from '@lockstep/core';
import type { DataPartition, History, Moment } from './tier-partition.ts';
import {
  bytesOf,
  commitEvent,
  ensureHead,
  indexOf,
  liveEntry,
  raiseIndex,
  store,
  takeLease,
  wholeMs,
} from './tier-partition.ts';

interface ControlPartition extends History {
  floor: number;
  readonly epochs: Map<string, Epoch>;
  settings: ClusterSettings | undefined;
  readonly members: Map<NodeId, string>;
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

  compareAndPut(write: EntryWrite, version: string, moment: Moment): TierCompared {
    return this.#differs(write, version, moment) ?? { outcome: 'committed', commit: this.put(write, moment) };
  }

  compareAndClear(address: KeyAddress, version: string, moment: Moment): TierCompared {
    return this.#differs(address, version, moment) ?? { outcome: 'committed', commit: this.clear(address, moment) };
  }

  expire(address: KeyAddress, moment: Moment): Commit {
    const partition = this.#partition(address.partition);
    const entry = partition.entries.get(address.keyId);
    if (entry !== undefined) partition.entries.set(address.keyId, { ...entry, expired: true });
    partition.leases.delete(address.keyId);
    return commitEvent(partition, { kind: 'expire', keyId: address.keyId }, moment);
  }

  endScope(effect: ScopeEffect, moment: Moment): Commit {
    if (this.#control.head === undefined) this.#dropControlHistory();
    const commit = commitEvent(this.#control, effect, moment);
    this.#control.epochs.set(`${effect.kind} ${effect.scopeId}`, { ...effect, sequence: commit.sequence });
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

  /** Whether this state has a commit. */
  has(partition: number | 'control', commit: Commit): boolean {
    const { sequence, previous } = commit;
    const records = this.log(partition, sequence, 1);
    return records[0]?.sequence === sequence && records[0].previous === previous;
  }

  control(): ControlState | undefined {
    const { head, floor, epochs } = this.#control;
    return head && { head, floor, epochs: [...epochs.values()] };
  }

  settle(settings: ClusterSettings): ClusterSettings {
    this.#control.settings ??= settings;
    return this.#control.settings;
  }

  beat(node: NodeId, nonce: string): void {
    this.#control.members.set(node, nonce);
  }

  members(): Members {
    return { incarnation: this.#control.head?.incarnation, nonces: new Map(this.#control.members) };
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

  /** Loses everything. */
  flush(): void {
    this.#data.clear();
    Object.assign(this.#control, { head: undefined, log: [], floor: 0, settings: undefined });
    this.#control.epochs.clear();
    this.#control.members.clear();
  }

  /** Takes an entry away as memory pressure does: without an event, and the index still shows it. */
  evict(partition: number, keyId: KeyId): void {
    this.#partition(partition).entries.delete(keyId);
  }

  /** A page of a namespace's entries: the cursor is how many were passed. */
  scan(of: Pick<KeyAddress, 'partition' | 'namespace'>, cursor: string, count: number): ScanPage {
    const { entries, index } = this.#partition(of.partition);
    const keyIds = [...(index.get(of.namespace)?.keys() ?? [])];
    const end = Number(cursor) + count;
    return {
      entries: keyIds.slice(Number(cursor), end).flatMap((keyId) => {
        const entry = entries.get(keyId);
        const bytes = entry && bytesOf(entry);
        return bytes === undefined ? [] : [{ keyId, head: bytes, bytes: bytes.length }];
      }),
      cursor: end < keyIds.length ? String(end) : '0',
    };
  }

  /** Takes an entry away as `evict` does, if it is of this version. */
  reclaim({ partition, keyId }: KeyAddress, version: string): boolean {
    const { entries } = this.#partition(partition);
    return entries.get(keyId)?.version === version && entries.delete(keyId);
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

  #differs({ partition, keyId }: KeyAddress, version: string, moment: Moment): TierCompared | undefined {
    const current = liveEntry(this.#partition(partition), keyId, wholeMs(moment))?.version ?? '';
    return current === version ? undefined : { outcome: 'differs', version: current };
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
