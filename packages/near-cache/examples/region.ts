import type { Incarnation, KeyId, ScopeId } from '@lockstep/core';
import { NearCache } from '@lockstep/near-cache';

export function main(keyId: KeyId, namespace: ScopeId, nowMs: number): void {
  const near = new NearCache();
  const tools = near.region({ entriesMax: 1_000, bytesMax: 8 * 1024 * 1024 });

  tools.set({
    key: 'github',
    keyId, // by which events find the entry
    partition: 3,
    value: ['search', 'fetch'],
    bytes: 18,
    version: '1763800000000000',
    fingerprint: '0af7651916cd43dd8448eb211c80319c',
    born: { incarnation: '00c0ffee00c0ffee' as Incarnation, sequence: 1_763_799_999_999_999 },
    namespace,
    tags: [],
    loadedMs: nowMs,
    freshUntilMs: nowMs + 60_000,
    staleUntilMs: nowMs + 120_000,
    checkedGeneration: -1,
    region: undefined,
    era: 0,
    graceMs: 0,
    absence: undefined,
    refreshAtMs: Number.POSITIVE_INFINITY,
  });
  console.log(tools.get('github')?.value, tools.entries, tools.bytes);

  near.drop(keyId); // a clear of the key was applied
  console.log(tools.get('github'), near.entries);
}
