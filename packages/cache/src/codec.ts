import { CacheError } from '@lockstep/core';
import type { Space } from './engine.ts';
import type { Absence } from './load-answer.ts';

/** Codec number of JSON in UTF-8, as entries carry it. */
export const JSON_CODEC = 0;
/** The codec numbers of entries that stand for no value: they have no payload. */
export const ABSENCE_CODECS: Readonly<Record<Absence, number>> = { missing: 254, denied: 255 };

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { fatal: true });

/** What an entry holds: a value as every node has it, or that there is none, and the encoding of that. */
export interface EncodedValue extends DecodedValue {
  readonly codec: number;
  readonly payload: Uint8Array;
}

/** What an entry holds, decoded: a value, or why there is none. */
export interface DecodedValue {
  readonly value: unknown;
  readonly absence: Absence | undefined;
}

/**
 * Encodes a value, and answers it as every node has it: as JSON holds it, and as the namespace's schema makes it of
 * that. Throws `value-unserializable`, `value-invalid` or `value-too-large`; `what` names the key in errors.
 */
export async function encodeValue(space: Space, what: string, value: unknown): Promise<EncodedValue> {
  let json: string | undefined;
  try {
    json = JSON.stringify(value);
  } catch (cause) {
    throw unserializable(what, String(cause), cause);
  }
  if (json === undefined) throw unserializable(what, `got ${typeof value}`);
  const payload = encoder.encode(json);
  const { valueBytesMax } = space.policy;
  if (payload.length > valueBytesMax) {
    const remedy = 'cache less in one value, or raise valueBytesMax';
    const figures = `the value has ${payload.length} bytes, takes at most valueBytesMax (${valueBytesMax})`;
    throw new CacheError('value-too-large', `${what}: ${figures}; ${remedy}`);
  }
  const checked = await accepted(space, JSON.parse(json));
  if ('problem' in checked) {
    throw new CacheError('value-invalid', `${what}: the schema refuses the value: ${checked.problem}`);
  }
  return { value: owned(space, checked.value), absence: undefined, codec: JSON_CODEC, payload };
}

/** The encoding of "there is no value". */
export function encodeAbsence(absence: Absence): EncodedValue {
  return { value: undefined, absence, codec: ABSENCE_CODECS[absence], payload: new Uint8Array(0) };
}

/** Decodes a payload; undefined when it is not what this release, or the namespace's schema, can read. */
export async function decodeValue(
  space: Space,
  { codec, payload }: { readonly codec: number; readonly payload: Uint8Array },
): Promise<DecodedValue | undefined> {
  if (codec === ABSENCE_CODECS.missing) return { value: undefined, absence: 'missing' };
  if (codec === ABSENCE_CODECS.denied) return { value: undefined, absence: 'denied' };
  if (codec !== JSON_CODEC) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(payload));
  } catch {
    return undefined;
  }
  const checked = await accepted(space, value);
  return 'problem' in checked ? undefined : { value: owned(space, checked.value), absence: undefined };
}

/** What the namespace's schema makes of a value, or why it refuses it: paths and messages, never the value. */
async function accepted(
  { policy }: Space,
  value: unknown,
): Promise<{ readonly value: unknown } | { readonly problem: string }> {
  if (policy.schema === undefined) return { value };
  try {
    const result = await policy.schema['~standard'].validate(value);
    if (result.issues === undefined) return { value: result.value };
    const issues = result.issues.slice(0, 3).map(({ message, path = [] }) => {
      return `${path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.') || 'value'}: ${message}`;
    });
    return { problem: issues.join('; ') };
  } catch (error) {
    return { problem: `it threw: ${String(error)}` };
  }
}

/** A value that all callers of this node may share: nobody can change it. */
function owned({ policy }: Space, value: unknown): unknown {
  if (!policy.copies) freeze(value);
  return value;
}

function freeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) return;
  Object.freeze(value);
  for (const part of Object.values(value)) freeze(part);
}

function unserializable(what: string, reason: string, cause?: unknown): CacheError {
  const remedy = 'cache what JSON can hold, and null for "nothing"';
  return new CacheError('value-unserializable', `${what}: value cannot be JSON: ${reason}; ${remedy}`, { cause });
}
