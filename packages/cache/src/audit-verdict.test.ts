import type { EntryHeader, Incarnation, Inspected, KeyId, ScopeId } from '@lockstep/core';
import type { NearEntry } from '@lockstep/near-cache';
import { describe, expect, test } from 'vitest';
import { auditVerdict } from './audit-verdict.ts';

const INCARNATION = 'aaaaaaaaaaaaaaaa' as Incarnation;
const BORN = { incarnation: INCARNATION, sequence: 50 };
const OURS = '1'.repeat(32);
const OTHER = '2'.repeat(32);

const near: NearEntry = {
  key: 'tool',
  keyId: 'ab'.repeat(16) as KeyId,
  partition: 0,
  value: 'value',
  bytes: 5,
  version: '100',
  fingerprint: OURS,
  born: BORN,
  namespace: 'cd'.repeat(16) as ScopeId,
  tags: [],
  loadedMs: 0,
  freshUntilMs: 1_000,
  staleUntilMs: 1_000,
  graceMs: 0,
  absence: undefined,
  refreshAtMs: Number.POSITIVE_INFINITY,
  checkedGeneration: 0,
  region: undefined,
  era: 0,
};

function header(given: Partial<EntryHeader> & { readonly version: string }): EntryHeader {
  const versionSequence = Number.parseInt(given.version, 10);
  return { expired: false, versionSequence, born: BORN, fingerprint: OURS, ...given };
}

function tierWith(given: Partial<Inspected>): Inspected {
  return { header: header({ version: '100' }), controlIncarnation: INCARNATION, epoch: 0, ...given };
}

describe('what the tier says of a near entry (P1)', () => {
  test.each([
    ['the very same entry', tierWith({})],
    ['the same value, renewed', tierWith({ header: header({ version: '120-0a' }) })],
    ['the same value, written again', tierWith({ header: header({ version: '120' }) })],
    ['an older write, after a failover', tierWith({ header: header({ version: '90', fingerprint: OTHER }) })],
    ['an older, expired write', tierWith({ header: header({ version: '90', expired: true }) })],
    ['a clear of a scope before it was born', tierWith({ epoch: 50 })],
  ])('is nothing against it: %s', (_, inspected) => {
    expect(auditVerdict(near, inspected)).toBe('coherent');
  });

  test.each([
    ['another value, written later', tierWith({ header: header({ version: '101', fingerprint: OTHER }) })],
    ['the same entry, expired', tierWith({ header: header({ version: '100', expired: true }) })],
    ['a later one, expired', tierWith({ header: header({ version: '120-0a', expired: true }) })],
    ['a clear of one of its scopes since', tierWith({ epoch: 51 })],
    ['another control history', tierWith({ controlIncarnation: 'bbbbbbbbbbbbbbbb' as Incarnation })],
    ['no control history', tierWith({ controlIncarnation: undefined })],
  ])('is that an event has ended it: %s', (_, inspected) => {
    expect(auditVerdict(near, inspected)).toBe('overtaken');
  });

  test.each([
    ['nothing, which an eviction explains too', tierWith({ header: undefined })],
    [
      'another silent fill, as after a failover',
      tierWith({ header: header({ version: '120-0a', fingerprint: OTHER }) }),
    ],
  ])('is a doubt: %s', (_, inspected) => {
    expect(auditVerdict(near, inspected)).toBe('doubtful');
  });
});
