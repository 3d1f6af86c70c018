import type { KeyObject } from 'node:crypto';
import { createCipheriv, createDecipheriv, createHmac, createSecretKey } from 'node:crypto';
import type { Clock, KeyId, Logger, Random } from '@lockstep/core';

const CIPHER = 'aes-256-gcm';
const KEY_BYTES = 32;
const IV_BYTES = 12;
const TAG_BYTES = 16;
const KEY_NAME = /^[A-Za-z0-9._-]{1,64}$/;
/** The most keys of one node. */
const KEYS_MAX = 32;
const COMPLAINT_INTERVAL_MS = 60_000;

/** One key for the values in the tier. */
export interface EncryptionKey {
  /** Names the key in the tier, where it can be read: 1 to 64 letters, digits, `.`, `_` and `-`. Never used for another key. */
  readonly id: string;
  /** 32 random bytes, also as base64 or hexadecimal. */
  readonly key: Uint8Array | string;
}

/** What a sealed value belongs to: opened for anything else, it is none. */
export interface SealContext {
  readonly keyId: KeyId;
  /** The rest of its entry, as text. */
  readonly entry: string;
}

/**
 * Encrypts values for the tier under a node's first key, and decrypts them under each of its keys: AES-256-GCM.
 *
 * The key for one key id is derived from the node's. A key id is a MAC of namespace and key under the cluster's secret:
 * what is moved to another key, namespace or cluster does not open there. And the random IVs of 96 bits, of which one
 * key bears some 2^32, are counted for every key id apart.
 *
 * Sealed are: the length of the key's id, the id, IV, tag, ciphertext.
 */
export class KeyRing {
  readonly #keys: ReadonlyMap<string, KeyObject>;
  readonly #random: Random;
  readonly #clock: Clock;
  readonly #logger: Logger;
  #complainedMs = Number.NEGATIVE_INFINITY;

  constructor(
    keys: readonly EncryptionKey[],
    parts: { readonly random: Random; readonly clock: Clock; readonly logger: Logger },
  ) {
    this.#keys = new Map(keys.map(({ id, key }) => [id, createSecretKey(keyBytes(key) ?? new Uint8Array())]));
    this.#random = parts.random;
    this.#clock = parts.clock;
    this.#logger = parts.logger;
  }

  get isEmpty(): boolean {
    return this.#keys.size === 0;
  }

  /** Encrypts under the first key; without one, throws. */
  seal(plain: Uint8Array, context: SealContext): Uint8Array {
    const [[id, key] = ['', undefined]] = this.#keys;
    if (key === undefined) throw new TypeError('a key ring without keys seals nothing');
    const iv = Buffer.from(this.#random.hex(IV_BYTES), 'hex');
    const cipher = createCipheriv(CIPHER, keyFor(key, context.keyId), iv).setAAD(Buffer.from(context.entry));
    const body = [cipher.update(plain), cipher.final()];
    return Buffer.concat([Uint8Array.of(id.length), Buffer.from(id, 'latin1'), iv, cipher.getAuthTag(), ...body]);
  }

  /** Decrypts; undefined where no key of this node opens it for this context. */
  open(sealed: Uint8Array, context: SealContext): Uint8Array | undefined {
    const ivAt = 1 + (sealed[0] ?? 0);
    const tagAt = ivAt + IV_BYTES;
    const bodyAt = tagAt + TAG_BYTES;
    const id = Buffer.from(sealed.subarray(1, ivAt)).toString('latin1');
    if (sealed.length < bodyAt || !KEY_NAME.test(id)) return undefined;
    const key = this.#keys.get(id);
    if (key === undefined) return this.#refuse(id, 'this node has no key of that id: add it to encryptionKeys');
    try {
      const iv = sealed.subarray(ivAt, tagAt);
      const decipher = createDecipheriv(CIPHER, keyFor(key, context.keyId), iv, { authTagLength: TAG_BYTES })
        .setAAD(Buffer.from(context.entry))
        .setAuthTag(sealed.subarray(tagAt, bodyAt));
      return Buffer.concat([decipher.update(sealed.subarray(bodyAt)), decipher.final()]);
    } catch {
      return this.#refuse(id, 'changed or moved in the tier, or other nodes have another key under that id');
    }
  }

  #refuse(encryptionKey: string, reason: string): undefined {
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#complainedMs < COMPLAINT_INTERVAL_MS) return;
    this.#complainedMs = nowMs;
    this.#logger.warn('a value in the tier cannot be decrypted, and counts as none', { encryptionKey, reason });
  }
}

/** What is wrong with a node's keys; their bytes are not in it. */
export function problemsOfKeys(keys: readonly EncryptionKey[]): readonly string[] {
  if (!Array.isArray(keys) || keys.length > KEYS_MAX) return [`encryptionKeys: takes a list of at most ${KEYS_MAX}`];
  return (keys as readonly (EncryptionKey | undefined)[]).flatMap((given, at) => {
    const problems: string[] = [];
    const { id, key } = given ?? {};
    if (typeof id !== 'string' || !KEY_NAME.test(id)) {
      problems.push(`encryptionKeys[${at}].id: takes 1 to 64 letters, digits, ".", "_" and "-"`);
    } else if (keys.findIndex((other) => other?.id === id) < at) {
      problems.push(`encryptionKeys[${at}].id: got "${id}" again, takes one key for an id`);
    }
    if (keyBytes(key) === undefined) {
      problems.push(`encryptionKeys[${at}].key: takes ${KEY_BYTES} bytes, also as base64 or hexadecimal`);
    }
    return problems;
  });
}

function keyFor(key: KeyObject, keyId: KeyId): Uint8Array {
  return createHmac('sha256', key).update(`lockstep:value:${keyId}`).digest();
}

function keyBytes(key: unknown): Uint8Array | undefined {
  if (key instanceof Uint8Array) return key.length === KEY_BYTES ? key : undefined;
  if (typeof key !== 'string') return undefined;
  const isHex = /^[0-9a-fA-F]{64}$/.test(key);
  if (!isHex && !/^[A-Za-z0-9+/_-]{43}=?$/.test(key)) return undefined;
  return Buffer.from(key, isHex ? 'hex' : 'base64');
}
