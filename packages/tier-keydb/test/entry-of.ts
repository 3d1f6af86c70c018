import type { EntryWrite, Incarnation, KeyAddress } from '@lockstep/core';
import { encodeBody } from '@lockstep/core';
import { NODE } from './test-server.ts';

/** A write of some value under a key. */
export function entryOf(address: KeyAddress, more: Partial<EntryWrite> = {}): EntryWrite {
  return {
    ...address,
    sender: NODE,
    body: encodeBody({
      codec: 0,
      packing: 0,
      graceMs: 0,
      tags: [],
      payload: new TextEncoder().encode('payload-marker'),
    }),
    born: { incarnation: 'c0'.repeat(8) as Incarnation, sequence: 7 },
    fingerprint: 'ab'.repeat(16),
    ttlMs: 60_000,
    ...more,
  };
}
