import { constants, zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import type { EntryBody, KeyId } from '@lockstep/core';
import type { Engine, Space } from './engine.ts';

/** What was done to an encoded value, as bits of its entry's `packing`: compressed first, then encrypted. */
const COMPRESSED = 1;
const SEALED = 2;

/** The smallest window that zstd knows, as a power of two. */
const WINDOW_LOG_MIN = 10;

/** An entry's body, and the key that it belongs to. */
export interface Packable<B> {
  readonly keyId: KeyId;
  readonly body: B;
}

/** The body for the tier: its payload compressed and encrypted, as the namespace's policy says. */
export function packed(engine: Engine, { policy }: Space, of: Packable<Omit<EntryBody, 'packing'>>): EntryBody {
  const { keys, shared } = engine.node;
  const { keyId, body } = of;
  // Without a tier nothing leaves this process.
  if (!shared) return { ...body, packing: 0 };
  const small = policy.compressFrom > 0 && body.payload.length >= policy.compressFrom && zstdCompressSync(body.payload);
  const isSmaller = small && small.length < body.payload.length;
  const packing = (isSmaller ? COMPRESSED : 0) | (policy.encrypted ? SEALED : 0);
  const entry = { ...body, payload: isSmaller ? small : body.payload, packing };
  return policy.encrypted ? { ...entry, payload: keys.seal(entry.payload, { keyId, entry: aboutOf(entry) }) } : entry;
}

/**
 * A body from the tier with the payload as it was encoded; undefined where it cannot be had: it was packed in a way that
 * this release does not know, is too large, does not decrypt, or is not encrypted though its namespace is.
 */
export function unpacked<B extends EntryBody>(engine: Engine, { policy }: Space, of: Packable<B>): B | undefined {
  const { keyId, body } = of;
  const { packing } = body;
  const isSealed = (packing & SEALED) > 0;
  if (packing > (COMPRESSED | SEALED) || (policy.encrypted && !isSealed)) return undefined;
  const opened = isSealed ? engine.node.keys.open(body.payload, { keyId, entry: aboutOf(body) }) : body.payload;
  const payload = opened && packing & COMPRESSED ? decompressed(opened, policy.valueBytesMax) : opened;
  if (payload === undefined || payload.length > policy.valueBytesMax) return undefined;
  return payload === body.payload ? body : { ...body, payload };
}

/** All of a body but its payload. */
function aboutOf({ codec, packing, graceMs, tags }: EntryBody): string {
  return `${codec}:${packing}:${graceMs}:${tags.join()}`;
}

/** Takes no more memory than a value may have, whatever the bytes claim. */
function decompressed(bytes: Uint8Array, bytesMax: number): Uint8Array | undefined {
  const windowLogMax = Math.max(WINDOW_LOG_MIN, Math.ceil(Math.log2(bytesMax)));
  const params = { [constants.ZSTD_d_windowLogMax]: windowLogMax };
  try {
    return zstdDecompressSync(bytes, { maxOutputLength: bytesMax, params });
  } catch {
    return undefined;
  }
}
