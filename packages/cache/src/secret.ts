import { createHmac, hash } from 'node:crypto';
import type { MessageMac } from '@lockstep/core';
import { Identifiers } from '@lockstep/core';

/** Of SHA-256. */
const BLOCK_BYTES = 64;
const DIGEST_BYTES = 32;

/** What a node derives from the cluster's secret; the secret itself is not kept. */
export interface Secrets {
  readonly identifiers: Identifiers;
  /** Tells two secrets apart without revealing either: 32 hexadecimal characters. */
  readonly fingerprint: string;
  readonly mac: MessageMac;
  /** Equal for equal header and payload, read in line: 32 hexadecimal characters. */
  digest(header: string, payload: Uint8Array): string;
}

/** Derives one key for each purpose, so that what is seen of one says nothing about another. */
export function deriveSecrets(secret: string): Secrets {
  const keyed = (purpose: string): KeyedHash =>
    keyedHash(createHmac('sha256', secret).update(`lockstep:${purpose}`).digest());
  const [identify, digest, authenticate] = [keyed('identifiers'), keyed('entries'), keyed('bus')];
  return {
    identifiers: new Identifiers((input) => identify('hex', input).slice(0, 32)),
    fingerprint: keyed('fingerprint')('hex').slice(0, 32),
    mac: (bytes) => Buffer.from(authenticate('binary', bytes).slice(0, 16), 'binary'),
    digest: (header, payload) => digest('hex', header, payload).slice(0, 32),
  };
}

/** The digest of all parts in line, in the encoding asked for. */
type KeyedHash = (encoding: 'hex' | 'binary', ...parts: readonly (string | Uint8Array)[]) => string;

/** What is no longer than this is hashed from one buffer, which is made once. */
const SHORT_BYTES = 4_096;

/**
 * HMAC-SHA-256 (RFC 2104) with a key of at most one block. Its two hashes are one-shot: `createHmac` makes an object
 * and a context for each message, which takes twice as long, and where caches are cold three times.
 */
function keyedHash(key: Uint8Array): KeyedHash {
  const inner = Buffer.alloc(BLOCK_BYTES + SHORT_BYTES, 0x36);
  const outer = Buffer.alloc(BLOCK_BYTES + DIGEST_BYTES, 0x5c);
  for (const pad of [inner, outer]) for (const [at, byte] of key.entries()) pad[at] = (pad[at] as number) ^ byte;
  const blockOf = (parts: readonly (string | Uint8Array)[]): Buffer => {
    const [only] = parts;
    // At most three bytes of UTF-8 for each of its code units.
    if (parts.length === 1 && typeof only === 'string' && only.length * 3 <= SHORT_BYTES) {
      return inner.subarray(0, BLOCK_BYTES + inner.write(only, BLOCK_BYTES));
    }
    const bytes = parts.map((part) => (typeof part === 'string' ? Buffer.from(part) : part));
    return Buffer.concat([inner.subarray(0, BLOCK_BYTES), ...bytes]);
  };
  return (encoding, ...parts) => {
    outer.write(hash('sha256', blockOf(parts), 'binary'), BLOCK_BYTES, 'binary');
    return hash('sha256', outer, encoding);
  };
}
