import type { Commit, Effect, EntryWrite, Head, Incarnation, KeyId, LeaseRequest, LogRecord } from '@lockstep/core';

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
export interface History {
  head: Head | undefined;
  log: LogRecord[];
}

export interface DataPartition extends History {
  readonly entries: Map<KeyId, Entry>;
  readonly leases: Map<KeyId, Lease>;
  /** Until when an entry, and so any near copy of it, can live; by namespace. */
  readonly index: Map<string, Map<KeyId, number>>;
}

/** The moment at which a server runs a step: its own time, and the randomness that the step may use. */
export interface Moment {
  readonly nowUs: number;
  readonly incarnation: Incarnation;
}

export function ensureHead(history: History, moment: Moment): Head {
  if (history.head === undefined) startHistory(history, moment, Math.max(1, moment.nowUs));
  return history.head as Head;
}

function startHistory(history: History, moment: Moment, sequence: number): void {
  history.log = [];
  if ('leases' in history) (history as DataPartition).leases.clear();
  history.head = { incarnation: moment.incarnation, sequence };
}

export function commitEvent(history: History, effect: Effect, moment: Moment): Commit {
  const previous = history.head?.sequence ?? 0;
  const sequence = Math.max(previous + 1, moment.nowUs);
  if (history.head === undefined) startHistory(history, moment, sequence);
  history.head = { incarnation: (history.head as Head).incarnation, sequence };
  history.log.push({ sequence, previous, effect });
  if (history.log.length > LOG_MAX) history.log.shift();
  return { ...history.head, previous };
}

export function liveEntry(partition: DataPartition, keyId: KeyId, nowMs: number): Entry | undefined {
  const entry = partition.entries.get(keyId);
  return entry !== undefined && entry.expiresMs > nowMs ? entry : undefined;
}

export function takeLease(
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

export function store(
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

export function raiseIndex(partition: DataPartition, write: EntryWrite, untilMs: number): void {
  const index = indexOf(partition, write.namespace);
  index.set(write.keyId, Math.max(index.get(write.keyId) ?? 0, untilMs));
}

export function indexOf(partition: DataPartition, namespace: string): Map<KeyId, number> {
  const known = partition.index.get(namespace);
  if (known !== undefined) return known;
  const made = new Map<KeyId, number>();
  partition.index.set(namespace, made);
  return made;
}

export function bytesOf(entry: Entry): Uint8Array {
  const { version, born, fingerprint, expiresMs } = entry;
  const state = entry.expired ? 'x' : 'f';
  const header = encoder.encode(`${state} ${version} ${born} ${fingerprint} ${expiresMs}\n`);
  const bytes = new Uint8Array(header.length + entry.body.length);
  bytes.set(header);
  bytes.set(entry.body, header.length);
  return bytes;
}

export function wholeMs(moment: Moment): number {
  return Math.floor(moment.nowUs / 1_000);
}
