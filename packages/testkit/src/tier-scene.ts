import { createHash } from 'node:crypto';
import type { EntryWrite, Incarnation, KeyAddress, KeyId, LogRecord, NodeId, Tier, TierFill } from '@lockstep/core';
import { decodeEntry, encodeBody } from '@lockstep/core';
import { expect } from 'vitest';

/** Long enough that no test sees it end. */
export const LEASE_MS = 60_000;
export const TTL_MS = 60_000;
/** Short enough to be waited for. */
export const SHORT_MS = 40;

export const NODE: NodeId = 'a1'.repeat(8) as NodeId;
export const CONTROL_INCARNATION: Incarnation = 'c0'.repeat(8) as Incarnation;

/** What the contract suite needs of one kind of tier; made anew, and empty, for every test. */
export interface TierContractWorld {
  /** A new node's connection to the tier, of the same cluster each time; it is ready to be called. */
  join(): Promise<Tier>;
  /** Makes the tier lose everything it holds, as FLUSHALL or a restart without persistence does. */
  loseEverything(): Promise<void>;
  /** Takes one entry away as memory pressure does: without an event. */
  evict(address: KeyAddress): Promise<void>;
  /** Takes from the tier what it keeps for speed alone, its scripts, as SCRIPT FLUSH does. */
  forgetScripts(): Promise<void>;
  /** Kills the tier and starts it again with all that it had answered; resolves when whoever joined can call it again. */
  restart(): Promise<void>;
  /** Cuts the tier's replica off: it has heard of everything so far, and hears of nothing from now on. */
  cutOffReplica(): Promise<void>;
  /**
   * Promotes the replica: what happened since it was cut off is lost; if it was not, nothing is. Resolves when whoever
   * joined can call it.
   */
  failOver(): Promise<void>;
  /** Lets time pass on the tier's clock; resolves when at least `ms` of it have. */
  passTime(ms: number): Promise<void>;
  /** Ends the world; every tier of it was closed before. */
  close(): Promise<void>;
}

/** Two nodes at one tier, and what the tests do with them. */
export class TierScene {
  world!: TierContractWorld;
  one!: Tier;
  two!: Tier;
  #tiers: Tier[] = [];
  #tokens = 0;

  async join(): Promise<Tier> {
    const tier = await this.world.join();
    this.#tiers.push(tier);
    return tier;
  }

  async end(): Promise<void> {
    await Promise.all(this.#tiers.map((tier) => tier.close()));
    this.#tiers = [];
    await this.world.close();
  }

  /** A token that no other attempt has. */
  token(): string {
    this.#tokens++;
    return `token-${this.#tokens}`;
  }

  /** Reads with a lease, which has to be granted; answers its token. */
  async takeLease(address: KeyAddress, leaseMs: number = LEASE_MS): Promise<string> {
    const token = this.token();
    const { lease } = await this.one.read(address, { token, leaseMs });
    expect(lease).toBe('granted');
    return token;
  }

  /** A whole load: takes the lease, over an entry that is there already if need be, and fills. */
  async load(write: EntryWrite): Promise<TierFill> {
    const lease = { token: this.token(), leaseMs: LEASE_MS };
    const found = await this.one.read(write, lease);
    if (found.lease === 'none' && found.entry !== undefined) {
      const { version = '' } = decodeEntry(found.entry.bytes) ?? {};
      expect(await this.one.readOver(write, version, lease)).toMatchObject({ lease: 'granted' });
    }
    return this.one.fill(write, lease.token);
  }

  /** The whole log of a partition, as node two reads it. */
  async log(partition: number): Promise<readonly LogRecord[]> {
    return this.two.log(partition, 0, 1_000);
  }
}

/** The address of a key; equal numbers make equal keys. */
export function keyAddress(number: number, namespace = 'tools', partition = 3): KeyAddress {
  return { partition, namespace, keyId: number.toString(16).padStart(32, '0') as KeyId };
}

/** The write of a text under a key; equal texts have equal fingerprints. */
export function writeOf(address: KeyAddress, text: string, more: Partial<EntryWrite> = {}): EntryWrite {
  return {
    ...address,
    sender: NODE,
    body: encodeBody({ codec: 0, packing: 0, graceMs: 0, tags: [], payload: new TextEncoder().encode(text) }),
    born: { incarnation: CONTROL_INCARNATION, sequence: 7 },
    fingerprint: createHash('sha256').update(text).digest('hex').slice(0, 32),
    ttlMs: TTL_MS,
    ...more,
  };
}

/** What node two finds under a key: the text, and what the header says; undefined where there is no entry. */
export async function stored(scene: TierScene, address: KeyAddress): Promise<StoredText | undefined> {
  const { entry } = await scene.two.read(address);
  if (entry === undefined) return undefined;
  const decoded = decodeEntry(entry.bytes);
  if (decoded === undefined) throw new Error('the tier answers bytes that are no entry');
  const { expired, version, born, payload } = decoded;
  return { text: new TextDecoder().decode(payload), expired, version, born, remainingMs: entry.remainingMs };
}

/** An entry, as the tests compare it. */
export interface StoredText {
  readonly text: string;
  readonly expired: boolean;
  readonly version: string;
  readonly born: EntryWrite['born'];
  readonly remainingMs: number;
}
