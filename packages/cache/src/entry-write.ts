import type { Born, EntryWrite, KeyAddress, ScopeId } from '@lockstep/core';
import { ConfigError, encodeBody, TAGS_PER_ENTRY_MAX } from '@lockstep/core';
import { JSON_CODEC } from './codec.ts';
import type { Engine, Space } from './engine.ts';
import { TTL_MS_MAX } from './policy.ts';

/** A value with all that the tier keeps of it. `ttlMs` is how long it is fresh; the namespace's grace is added. */
export interface ValueToWrite {
  readonly address: KeyAddress;
  readonly payload: Uint8Array;
  readonly tags: readonly ScopeId[];
  readonly born: Born;
  readonly ttlMs: number;
}

/** The write of a value: its entry's body, and the fingerprint that is equal for equal values and scopes of the key. */
export function entryWrite(engine: Engine, space: Space, value: ValueToWrite): EntryWrite {
  const { node } = engine;
  const { graceMs } = space.policy;
  const tagList = value.tags.join();
  return {
    ...value.address,
    sender: node.id,
    body: encodeBody({ codec: JSON_CODEC, graceMs, tags: value.tags, payload: value.payload }),
    born: value.born,
    fingerprint: node.secrets.digest(`${value.address.keyId}:${graceMs}:${tagList}:`, value.payload),
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

/** How long a value is fresh, in ms; throws `config-invalid` where that is no such time. */
export function freshFor(space: Space, given: number | undefined): number {
  const ttlMs = given ?? space.policy.ttlMs;
  if (Number.isInteger(ttlMs) && ttlMs >= 1 && ttlMs <= TTL_MS_MAX) return ttlMs;
  throw new ConfigError(`namespace "${space.name}": ttlMs: got ${ttlMs}, takes a whole number from 1 to ${TTL_MS_MAX}`);
}
