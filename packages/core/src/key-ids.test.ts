import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { KeyId } from './index.ts';
import { CONTROL_PARTITION, EVERYTHING, Identifiers, PARTITIONS_MAX, partitionOf } from './index.ts';

const SECRET = 'the secret that a cluster shares';

/** The identifiers of a node, keyed as nodes key them: one key for each purpose, derived from the cluster's secret. */
function identifiersOf(secret: string): Identifiers {
  const key = createHmac('sha256', secret).update('lockstep:identifiers').digest();
  return new Identifiers((input) => createHmac('sha256', key).update(input).digest('hex').slice(0, 32));
}

const identifiers = identifiersOf(SECRET);

/** The texts that would be digested: equal exactly where ids are. */
const inputs = new Identifiers((input) => Buffer.from(input, 'utf8').toString('hex'));

/** Any text, well-formed or not, and often made of the separators that the digest's input is made of. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 8 }),
  fc.string({
    unit: fc.constantFrom(':', '1', '2', 'a', 'key', 'tag', 'namespace', '-escaped', '"', '\\'),
    maxLength: 5,
  }),
  fc.string({ unit: fc.constantFrom('\ud800', '\udbff', '\udc00', '\ufffd', '😀', '\\ud800', '"'), maxLength: 4 }),
);

type NamespaceAndKey = readonly [namespace: string, key: string];

/** Pairs of namespace and key that would be one text if the two were only written one after the other. */
const CUT_ELSEWHERE: readonly { readonly one: NamespaceAndKey; readonly other: NamespaceAndKey }[] = [
  { one: ['a', 'b:c'], other: ['a:b', 'c'] },
  { one: ['a', '1:a:b'], other: ['a', 'b'] },
  { one: ['a:1', 'b'], other: ['a', '1:b'] },
  { one: ['1:a', 'b'], other: ['a', 'b'] },
  { one: ['ab', 'c'], other: ['a', 'bc'] },
  { one: ['', 'a'], other: ['a', ''] },
];

describe('the id of a key', () => {
  // What every node of a cluster must derive from one secret. A changed pin parts a cluster in two.
  it.each([
    ['tools', 'server/a', 'bfa0b1562e40a3eb2f4bc219dcaca3a2'],
    ['tools', 'ünï😀', '09c2714fd6dca7838330958259202b84'],
    ['gateway-config', '', 'c5167aecd71e733ed1dbc172e861b382'],
    ['tools', '\ud800', '93c5c3cd3f074ff5c5a8bb48f2dd28a1'],
  ])('of namespace %s and key %j is this one', (namespace, key, id) => {
    expect(identifiers.key(namespace, key)).toBe(id);
  });

  it('differs under another secret', () => {
    expect(identifiersOf(`${SECRET}.`).key('tools', 'a')).not.toBe(identifiers.key('tools', 'a'));
  });

  it('is never that of another namespace or key, however the two are cut', () => {
    fc.assert(
      fc.property(fc.tuple(text, text), fc.tuple(text, text), (one, other) => {
        const isSame = one[0] === other[0] && one[1] === other[1];
        expect(inputs.key(...one) === inputs.key(...other)).toBe(isSame);
      }),
      { numRuns: 5_000 },
    );
  });

  it.each(CUT_ELSEWHERE)('of $one is not that of $other', ({ one, other }) => {
    expect(identifiers.key(...one)).not.toBe(identifiers.key(...other));
  });

  it.each([
    ['\ud800', '\udfff'],
    ['\ud800', '\ufffd'],
    ['a\ud800', 'a\ud801'],
    ['\ud800', '"\\ud800"'],
    ['\ud83d\ude00', '\ude00\ud83d'],
  ])('of %j is not that of %j, though UTF-8 has one form for all lone surrogates', (key, other) => {
    expect(identifiers.key('tools', key)).not.toBe(identifiers.key('tools', other));
    expect(identifiers.scope({ tag: key })).not.toBe(identifiers.scope({ tag: other }));
  });

  it('differs between texts that look alike in different normal forms', () => {
    expect(identifiers.key('tools', '\u00e9')).not.toBe(identifiers.key('tools', 'e\u0301'));
  });
});

describe('the id of a scope', () => {
  it('is this one, for a namespace, a tag, and everything', () => {
    expect(identifiers.scope({ namespace: 'tools' })).toBe('42df7f0f325e8a5228a034a738906cc1');
    expect(identifiers.scope({ tag: 'team-a' })).toBe('ab3d99bbd0016e7779e98e3b19f52411');
    expect(identifiers.scope({ everything: true })).toBe('0'.repeat(32));
    expect(EVERYTHING).toBe('0'.repeat(32));
  });

  it('is never that of a key, or of a scope of another kind, whatever they are called', () => {
    fc.assert(
      fc.property(text, text, text, (name, namespace, key) => {
        const ids = [
          inputs.scope({ namespace: name }),
          inputs.scope({ tag: name }),
          inputs.key(namespace, key),
          EVERYTHING,
        ];
        expect(new Set(ids).size).toBe(ids.length);
      }),
      { numRuns: 5_000 },
    );
  });

  it('is never that of another scope of its kind', () => {
    fc.assert(
      fc.property(text, text, (name, other) => {
        expect(inputs.scope({ tag: name }) === inputs.scope({ tag: other })).toBe(name === other);
        expect(inputs.scope({ namespace: name }) === inputs.scope({ namespace: other })).toBe(name === other);
      }),
      { numRuns: 5_000 },
    );
  });
});

describe('the partition of a key', () => {
  it.each([
    ['00000000ffffffffffffffffffffffff', 16, 0],
    ['0000001fffffffffffffffffffffffff', 16, 15],
    ['ffffffff000000000000000000000000', 16, 15],
    ['ffffffff000000000000000000000000', 1_000, 295],
    ['deadbeef000000000000000000000000', 1, 0],
  ])('%s among %d is %d', (keyId, partitions, partition) => {
    expect(partitionOf(keyId as KeyId, partitions)).toBe(partition);
  });

  it('is a data partition, never the control partition, however many there are', () => {
    expect(CONTROL_PARTITION).toBe(0xffff);
    expect(PARTITIONS_MAX).toBeLessThan(CONTROL_PARTITION);
    fc.assert(
      fc.property(fc.string(), fc.integer({ min: 1, max: PARTITIONS_MAX }), (key, partitions) => {
        const partition = partitionOf(identifiers.key('tools', key), partitions);
        expect(Number.isInteger(partition) && partition >= 0 && partition < partitions).toBe(true);
      }),
    );
  });

  it.each([16, 7, 256])('is as often one as another, for keys that count up (%d partitions)', (partitions) => {
    const keysEach = 100;
    const counts = new Array<number>(partitions).fill(0);
    for (let at = 0; at < partitions * keysEach; at++) {
      const partition = partitionOf(identifiers.key('tools', `server/${at}`), partitions);
      counts[partition] = (counts[partition] as number) + 1;
    }
    const chiSquared = counts.reduce((sum, count) => sum + (count - keysEach) ** 2 / keysEach, 0);
    // An even spread stays below its mean (partitions − 1) plus five of its deviations.
    expect(chiSquared).toBeLessThan(partitions - 1 + 5 * Math.sqrt(2 * (partitions - 1)));
    expect(Math.min(...counts)).toBeGreaterThan(keysEach / 2);
  });
});
