import { createCipheriv, createDecipheriv, createHmac, hkdfSync, randomBytes, timingSafeEqual } from 'node:crypto';
import type { JournalRecord } from '@lockstep/core';

const CIPHER = 'aes-256-gcm';
const IV_BYTES = 12;
const TAG_BYTES = 16;
const HASH_BYTES = 32;
const FORMAT = 1;
const HEAD_BYTES = 1 + 2 * HASH_BYTES;

/** The hash before the first record. */
export const NO_HASH: string = '0'.repeat(2 * HASH_BYTES);

/** What somebody did to the caches, as it is told to the audit trail. */
export interface AuditEntry {
  /** Who asked: `admin:<name of a token>`, `gateway:<id>`, `server:<name>`, `config`. */
  readonly actor: string;
  readonly action: 'clear' | 'expire' | 'sweep' | 'revoke';
  /** What it concerned, in the words that it was asked in. */
  readonly scope: unknown;
  readonly reason: string;
  /** What came of it: receipts, or why there are none. */
  readonly outcome: unknown;
}

/** An entry in its place in the trail. */
export interface AuditRecord extends AuditEntry {
  readonly number: number;
  /** When it was done, by the wall clock of the node; ISO 8601. */
  readonly at: string;
  /** The node that did it. */
  readonly node: string;
  /** Of the record before it; 64 zeros for the first one. */
  readonly previousHash: string;
  /** A MAC of the record's number, its content, and the hash before it, in hexadecimal. */
  readonly hash: string;
}

/** An entry that is to be written down. */
export type DatedEntry = AuditEntry & Pick<AuditRecord, 'at' | 'node'>;

/** Why a record is not what a node has written. */
export type Damage = 'not the record that was written' | 'not readable with this secret';

/**
 * Makes journal records of entries, and entries of records. A record is encrypted, and its hash is a MAC under a key that
 * is made of the cluster's secret: who has not that can neither read it, nor change it, nor put another in its place.
 */
export class AuditSeal {
  readonly #valueKey: Uint8Array;
  readonly #macKey: Uint8Array;

  constructor(secret: string) {
    const key = (purpose: string): Uint8Array =>
      new Uint8Array(hkdfSync('sha256', secret, '', `lockstep:audit:${purpose}`, 32));
    [this.#valueKey, this.#macKey] = [key('records'), key('hashes')];
  }

  /** Bytes: format, hash, hash before, IV, tag, ciphertext. */
  seal(number: number, entry: DatedEntry, previousHash: string): { readonly bytes: Uint8Array; readonly hash: string } {
    const iv = randomBytes(IV_BYTES);
    const cipher = createCipheriv(CIPHER, this.#valueKey, iv);
    const content = Buffer.concat([cipher.update(JSON.stringify(entry), 'utf8'), cipher.final()]);
    const sealed = Buffer.concat([iv, cipher.getAuthTag(), content]);
    const previous = Buffer.from(previousHash, 'hex');
    const hash = this.#mac(number, previous, sealed);
    return { bytes: Buffer.concat([Buffer.of(FORMAT), hash, previous, sealed]), hash: hash.toString('hex') };
  }

  open({ number, bytes }: JournalRecord): AuditRecord | Damage {
    const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    if (buffer.length < HEAD_BYTES + IV_BYTES + TAG_BYTES || buffer[0] !== FORMAT) {
      return 'not the record that was written';
    }
    const [hash, previous] = [buffer.subarray(1, 1 + HASH_BYTES), buffer.subarray(1 + HASH_BYTES, HEAD_BYTES)];
    const sealed = buffer.subarray(HEAD_BYTES);
    if (!timingSafeEqual(hash, this.#mac(number, previous, sealed))) return 'not the record that was written';
    const entry = this.#decrypted(sealed);
    if (entry === undefined) return 'not readable with this secret';
    return { ...entry, number, previousHash: previous.toString('hex'), hash: hash.toString('hex') };
  }

  #mac(number: number, previous: Uint8Array, sealed: Uint8Array): Buffer {
    return createHmac('sha256', this.#macKey).update(`${number}:`).update(previous).update(sealed).digest();
  }

  #decrypted(sealed: Buffer): DatedEntry | undefined {
    try {
      const decipher = createDecipheriv(CIPHER, this.#valueKey, sealed.subarray(0, IV_BYTES));
      decipher.setAuthTag(sealed.subarray(IV_BYTES, IV_BYTES + TAG_BYTES));
      const text = Buffer.concat([decipher.update(sealed.subarray(IV_BYTES + TAG_BYTES)), decipher.final()]);
      return JSON.parse(text.toString('utf8')) as DatedEntry;
    } catch {
      return undefined;
    }
  }
}
