import type { Incarnation, KeyId, ScopeId } from '@lockstep/core';
import type { NearEntry } from '../src/index.ts';

/** The key id that stands for a key of a namespace in these tests. */
export function keyIdOf(key: string, namespace = 'tools'): KeyId {
  return Buffer.from(`${namespace}/${key}`).toString('hex').padEnd(32, '0') as KeyId;
}

/** A fresh entry of one byte in partition 0, unless said otherwise. */
export function nearEntry(key: string, given: Partial<NearEntry> = {}): NearEntry {
  return {
    key,
    keyId: keyIdOf(key),
    partition: 0,
    value: `value of ${key}`,
    bytes: 1,
    version: '1',
    fingerprint: 'f'.repeat(32),
    born: { incarnation: 'aaaaaaaaaaaaaaaa' as Incarnation, sequence: 1 },
    namespace: '1'.repeat(32) as ScopeId,
    tags: [],
    loadedMs: 0,
    freshUntilMs: 1_000,
    staleUntilMs: 2_000,
    graceMs: 1_000,
    absence: undefined,
    refreshAtMs: Number.POSITIVE_INFINITY,
    checkedGeneration: 0,
    region: undefined,
    era: 0,
    ...given,
  };
}
