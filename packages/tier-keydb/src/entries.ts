import type {
  Commit,
  EntryWrite,
  KeyAddress,
  KeyKind,
  LeaseRequest,
  NodeId,
  TierCompared,
  TierFill,
  TierRead,
} from '@lockstep/core';
import { encodeLogBody, HEADER_BYTES_MAX } from '@lockstep/core';
import type { Argument, Connection } from './connection.ts';
import { clearScript } from './generated/clear.ts';
import { compareAndClearScript } from './generated/compare-and-clear.ts';
import { compareAndPutScript } from './generated/compare-and-put.ts';
import { expireScript } from './generated/expire.ts';
import { fillScript } from './generated/fill.ts';
import { putScript } from './generated/put.ts';
import { readScript } from './generated/read.ts';
import { reclaimScript } from './generated/reclaim.ts';
import { releaseScript } from './generated/release.ts';
import type { KeyLayout } from './key-layout.ts';
import type { KeyNames } from './lua-script.ts';
import { randomHex64 } from './random.ts';
import { Reply } from './reply.ts';

/** The longest life of an entry, in ms: about 34 years. The server refuses what overflows its clock. */
const TTL_MS_MAX = 2 ** 40;

/** The scripts about one key. */
export class Entries {
  readonly #connection: Connection;
  readonly #keys: KeyLayout;

  constructor(connection: Connection, keys: KeyLayout) {
    this.#connection = connection;
    this.#keys = keys;
  }

  /** Reads, and takes the lease where the entry has to be loaded: absent, expired, or of the version to read over. */
  async readLeased(address: KeyAddress, version: string, lease: LeaseRequest): Promise<TierRead> {
    const { head, leases } = this.#keys.partition(address.partition);
    const keys = [head, leases, this.#keys.entry(address)] as const;
    const args = [address.keyId, lease.token, wholeMs(lease.leaseMs), version];
    const reply = new Reply('read', await this.#connection.runInTurn(readScript, keys, args));
    const bytes = reply.bytes(1);
    return {
      head: reply.headText(0),
      entry: bytes && { bytes, remainingMs: reply.number(2) },
      lease: reply.oneOf(3, ['granted', 'wait', 'none']),
    };
  }

  async fill(write: EntryWrite, token: string): Promise<TierFill> {
    const args = [...this.#writeArguments(write, 'fill'), token, randomHex64()];
    const reply = new Reply('fill', await this.#connection.runInTurn(fillScript, this.#allKeys(write), args));
    const outcome = reply.oneOf(0, ['rejected', 'loud', 'silent', 'renewed']);
    if (outcome === 'rejected') return { outcome, head: reply.headText(1) };
    const waiters = reply.flag(1);
    if (outcome === 'loud') return { outcome, commit: reply.commit(2), waiters };
    return { outcome, head: reply.head(2), version: reply.text(4), waiters };
  }

  async release(address: KeyAddress, token: string): Promise<{ readonly waiters: boolean }> {
    const { leases } = this.#keys.partition(address.partition);
    const waiters = await this.#connection.runInTurn(releaseScript, [leases], [address.keyId, token]);
    return { waiters: new Reply('release', [waiters]).flag(0) };
  }

  async put(write: EntryWrite): Promise<Commit> {
    const args = this.#writeArguments(write, 'put');
    return new Reply('put', await this.#connection.runInTurn(putScript, this.#allKeys(write), args)).commit(0);
  }

  async clear(address: KeyAddress, sender: NodeId): Promise<Commit> {
    const args = [...this.#eventArguments('clear', address, sender), address.keyId];
    return new Reply('clear', await this.#connection.runInTurn(clearScript, this.#allKeys(address), args)).commit(0);
  }

  async expire(address: KeyAddress, sender: NodeId): Promise<Commit> {
    const args = [...this.#eventArguments('expire', address, sender), address.keyId];
    return new Reply('expire', await this.#connection.runInTurn(expireScript, this.#allKeys(address), args)).commit(0);
  }

  async compareAndPut(write: EntryWrite, version: string): Promise<TierCompared> {
    const args = [...this.#writeArguments(write, 'put'), version];
    const reply = await this.#connection.runInTurn(compareAndPutScript, this.#allKeys(write), args);
    return comparedOf(new Reply('compare and put', reply));
  }

  async compareAndClear(address: KeyAddress, version: string, sender: NodeId): Promise<TierCompared> {
    const args = [...this.#eventArguments('clear', address, sender), address.keyId, version];
    const reply = await this.#connection.runInTurn(compareAndClearScript, this.#allKeys(address), args);
    return comparedOf(new Reply('compare and clear', reply));
  }

  async reclaim(address: KeyAddress, version: string): Promise<boolean> {
    const args = [version, HEADER_BYTES_MAX - 1];
    const reply = await this.#connection.runInTurn(reclaimScript, [this.#keys.entry(address)], args);
    return new Reply('reclaim', [reply]).number(0) > 0;
  }

  #allKeys(address: KeyAddress): KeyNames<5> {
    const { head, log, leases } = this.#keys.partition(address.partition);
    return [head, log, leases, this.#keys.index(address.partition, address.namespace), this.#keys.entry(address)];
  }

  #writeArguments(write: EntryWrite, kind: KeyKind): Argument[] {
    const born = `${write.born.incarnation}:${write.born.sequence}`;
    const event = this.#eventArguments(kind, write, write.sender);
    return [...event, write.keyId, wholeMs(write.ttlMs), born, write.fingerprint, write.body];
  }

  #eventArguments(kind: KeyKind, address: KeyAddress, sender: NodeId): Argument[] {
    const body = encodeLogBody({ kind, keyId: address.keyId }, sender);
    return [randomHex64(), this.#connection.config.logMax, body];
  }
}

function comparedOf(reply: Reply): TierCompared {
  const outcome = reply.oneOf(0, ['committed', 'differs']);
  return outcome === 'committed' ? { outcome, commit: reply.commit(1) } : { outcome, version: reply.text(1) };
}

function wholeMs(ms: number): number {
  return Math.max(1, Math.min(Math.floor(ms), TTL_MS_MAX));
}
