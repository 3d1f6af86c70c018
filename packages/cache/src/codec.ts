import { CacheError } from '@lockstep/core';

/** Codec number of JSON in UTF-8, as entries carry it. */
export const JSON_CODEC = 0;

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** A value as JSON holds it, on this node as on every other, and its encoding. */
export interface EncodedValue {
  readonly value: unknown;
  readonly payload: Uint8Array;
}

/** Encodes a value as JSON; throws `value-unserializable` where JSON has nothing for it. */
export function encodeValue(namespace: string, value: unknown): EncodedValue {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (cause) {
    throw unserializable(namespace, String(cause), cause);
  }
  if (json === undefined) throw unserializable(namespace, `got ${typeof value}`);
  return { value: JSON.parse(json), payload: encoder.encode(json) };
}

/** Decodes a payload; undefined when it is not what this release can read. */
export function decodeValue(codec: number, payload: Uint8Array): { readonly value: unknown } | undefined {
  if (codec !== JSON_CODEC) return undefined;
  try {
    return { value: JSON.parse(decoder.decode(payload)) };
  } catch {
    return undefined;
  }
}

function unserializable(namespace: string, reason: string, cause?: unknown): CacheError {
  const remedy = 'cache what JSON can hold, and null for "nothing"';
  return new CacheError(
    'value-unserializable',
    `namespace "${namespace}": value cannot be JSON: ${reason}; ${remedy}`,
    {
      cause,
    },
  );
}
