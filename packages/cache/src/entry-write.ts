import type { Born, EntryWrite, KeyAddress, ScopeId } from '@lockstep/core';
import { ConfigError, encodeBody, GRACE_MS_MAX, TAGS_PER_ENTRY_MAX } from '@lockstep/core';
import type { EncodedValue } from './codec.ts';
import type { Duration } from './duration.ts';
import { millisecondsOf } from './duration.ts';
import type { Engine, Space } from './engine.ts';
import { packed } from './packing.ts';
import { LEASE_MS_MAX, TTL_MS_MAX } from './policy.ts';

/** A value with all that the tier keeps of it: fresh for `ttlMs`, and after that able to stand in for `graceMs`. */
export interface ValueToWrite extends Pick<EncodedValue, 'codec' | 'payload'> {
  readonly address: KeyAddress;
  readonly tags: readonly ScopeId[];
  readonly born: Born;
  readonly ttlMs: number;
  readonly graceMs: number;
}

/** The write of a value: its entry's body, and the fingerprint that is equal for equal values and scopes of the key. */
export function entryWrite(engine: Engine, space: Space, value: ValueToWrite): EntryWrite {
  const { node } = engine;
  const { codec, graceMs, tags, payload } = value;
  const { keyId } = value.address;
  return {
    ...value.address,
    sender: node.id,
    body: encodeBody(packed(engine, space, { keyId, body: { codec, graceMs, tags, payload } })),
    born: value.born,
    fingerprint: node.secrets.digest(`${keyId}:${codec}:${graceMs}:${tags.join()}:`, payload),
    ttlMs: value.ttlMs + graceMs,
  };
}

/** The ids of tags, each once, in one order whatever order they were given in; throws `config-invalid` where there are too many, or one is no tag. */
export function tagIds(engine: Engine, tags: readonly string[]): readonly ScopeId[] {
  if (!Array.isArray(tags)) throw new ConfigError(`tags: got ${JSON.stringify(tags)}, takes a list of names`);
  const unique = [...new Set(tags)];
  if (unique.length > TAGS_PER_ENTRY_MAX) {
    throw new ConfigError(`tags: got ${unique.length}, takes at most ${TAGS_PER_ENTRY_MAX} for one value`);
  }
  const ids = unique.map((tag) => {
    if (typeof tag !== 'string' || tag === '') throw new ConfigError(`tags: got ${JSON.stringify(tag)}, takes names`);
    return engine.node.secrets.identifiers.scope({ tag });
  });
  return ids.sort();
}

/** How long a value is fresh, in ms, if a call says so, else by default; throws `config-invalid` where that is no such time. */
export function freshFor(space: Space, given: Duration | undefined, byDefaultMs: number): number {
  return within(space, { field: 'ttl', given, byDefaultMs, leastMs: 1, mostMs: TTL_MS_MAX });
}

/** How long a value may stand in after that, likewise. */
export function graceFor(space: Space, given: Duration | undefined): number {
  const byDefaultMs = space.policy.graceMs;
  return within(space, { field: 'grace', given, byDefaultMs, leastMs: 0, mostMs: GRACE_MS_MAX });
}

/** How long a caller waits, likewise. */
export function waitFor(space: Space, field: 'softTimeout' | 'hardTimeout', given: Duration | undefined): number {
  const byDefaultMs = space.policy[`${field}Ms`];
  if (given === undefined) return byDefaultMs;
  return within(space, { field, given, byDefaultMs, leastMs: 1, mostMs: LEASE_MS_MAX });
}

interface Given {
  readonly field: string;
  readonly given: Duration | undefined;
  readonly byDefaultMs: number;
  readonly leastMs: number;
  readonly mostMs: number;
}

function within({ name }: Space, { field, given, byDefaultMs, leastMs, mostMs }: Given): number {
  const ms = given === undefined ? byDefaultMs : millisecondsOf(given);
  if (Number.isInteger(ms) && ms >= leastMs && ms <= mostMs) return ms;
  const takes = `a whole number of milliseconds from ${leastMs} to ${mostMs}, or a duration like '5m'`;
  throw new ConfigError(
    `namespace "${name}": ${field}: got ${typeof given === 'string' ? JSON.stringify(given) : String(given)}, takes ${takes}`,
  );
}
