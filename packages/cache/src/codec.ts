import { CacheError } from '@lockstep/core';
import type { Space } from './engine.ts';
import type { Absence } from './load-answer.ts';

/** The codec numbers of entries that stand for no value: they have no payload. */
const ABSENCE_CODECS: Readonly<Record<Absence, number>> = { missing: 254, denied: 255 };

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
 * Encodes a value, and answers it as every node has it: as its bytes are decoded, and as the namespace's schema makes it
 * of that. Throws `value-unserializable`, `value-invalid` or `value-too-large`; `what` names the key in errors.
 */
export async function encodeValue(space: Space, what: string, value: unknown): Promise<EncodedValue> {
  const { codec, valueBytesMax } = space.policy;
  let payload: Uint8Array;
  try {
    payload = codec.encode(value);
    if (!(payload instanceof Uint8Array)) throw new TypeError(`the codec made ${typeof payload} of it, not bytes`);
  } catch (cause) {
    throw unserializable(space, what, cause);
  }
  if (payload.length > valueBytesMax) {
    const remedy = 'cache less in one value, or raise valueBytesMax';
    const figures = `the value has ${payload.length} bytes, takes at most valueBytesMax (${valueBytesMax})`;
    throw new CacheError('value-too-large', `${what}: ${figures}; ${remedy}`);
  }
  let checked: Checked;
  try {
    checked = await valueIn(space, payload);
  } catch (cause) {
    throw unserializable(space, what, cause);
  }
  if ('problem' in checked) {
    throw new CacheError('value-invalid', `${what}: the schema refuses the value: ${checked.problem}`);
  }
  return { value: checked.value, absence: undefined, codec: codec.number, payload };
}

/** The encoding of "there is no value". */
export function encodeAbsence(absence: Absence): EncodedValue {
  return { value: undefined, absence, codec: ABSENCE_CODECS[absence], payload: new Uint8Array(0) };
}

/**
 * Decodes a payload; undefined when it is not what this release, or the namespace's codec or schema, can read. At once,
 * without a promise, where there is no schema.
 */
export function decodeValue(
  space: Space,
  { codec, payload }: { readonly codec: number; readonly payload: Uint8Array },
): DecodedValue | undefined | Promise<DecodedValue | undefined> {
  if (codec === ABSENCE_CODECS.missing) return { value: undefined, absence: 'missing' };
  if (codec === ABSENCE_CODECS.denied) return { value: undefined, absence: 'denied' };
  if (codec !== space.policy.codec.number) return undefined;
  if (space.policy.schema !== undefined) return acceptedValue(space, payload);
  try {
    return { value: owned(space, defined(space.policy.codec.decode(payload))), absence: undefined };
  } catch {
    return undefined;
  }
}

async function acceptedValue(space: Space, payload: Uint8Array): Promise<DecodedValue | undefined> {
  try {
    const checked = await valueIn(space, payload);
    return 'problem' in checked ? undefined : { value: checked.value, absence: undefined };
  } catch {
    return undefined;
  }
}

/** What the namespace's schema makes of a value, or why it refuses it: paths and messages, never the value. */
type Checked = { readonly value: unknown } | { readonly problem: string };

/** The value of some bytes, as it may be answered on this node. Throws where there is none. */
async function valueIn(space: Space, payload: Uint8Array): Promise<Checked> {
  const checked = await accepted(space, space.policy.codec.decode(payload));
  return 'problem' in checked ? checked : { value: owned(space, defined(checked.value)) };
}

function defined(value: unknown): unknown {
  if (value === undefined) throw new TypeError('undefined is no value');
  return value;
}

async function accepted(space: Space, value: unknown): Promise<Checked> {
  const { schema } = space.policy;
  if (schema === undefined) return { value };
  try {
    const validating = schema['~standard'].validate(value);
    const result = validating instanceof Promise ? await withinLease(space, validating) : await validating;
    if (result.issues === undefined) return { value: result.value };
    const issues = result.issues.slice(0, 3).map(({ message, path = [] }) => {
      return `${path.map((part) => String(typeof part === 'object' ? part.key : part)).join('.') || 'value'}: ${message}`;
    });
    return { problem: issues.join('; ') };
  } catch (error) {
    return { problem: `it threw: ${String(error)}` };
  }
}

/** Holds nobody up for longer than a load may: a schema may ask others, and these may never answer. */
function withinLease<R>({ policy, timers }: Space, work: Promise<R>): Promise<R> {
  return new Promise((resolve, reject) => {
    const giveUp = (): void => reject(new Error(`no answer within ${policy.leaseMs} ms (lease)`));
    const cancel = timers.after(policy.leaseMs, giveUp);
    void work.then(resolve, reject).finally(cancel);
  });
}

/** A value that this node may answer: one that nobody can change, or one that can be copied. */
function owned({ policy }: Space, value: unknown): unknown {
  if (policy.copies) return structuredClone(value);
  freeze(value);
  return value;
}

/** Level by level, not by recursion: JSON can nest deeper than a stack. */
function freeze(whole: unknown): void {
  const waiting = [whole];
  for (let value = waiting.pop(); value !== undefined; value = waiting.pop()) {
    if (typeof value !== 'object' || value === null || Object.isFrozen(value) || ArrayBuffer.isView(value)) continue;
    Object.freeze(value);
    for (const part of Object.values(value)) if (typeof part === 'object' && part !== null) waiting.push(part);
  }
}

function unserializable({ policy }: Space, what: string, cause: unknown): CacheError {
  const { name } = policy.codec;
  const remedy = 'cache what it can hold, and null for "nothing"';
  const reason = `its codec (${name}) cannot hold the value; the reason is the cause`;
  return new CacheError('value-unserializable', `${what}: ${reason}; ${remedy}`, { cause });
}
