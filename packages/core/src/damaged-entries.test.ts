import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryEntry, entryBytes } from '../test/arbitrary-entries.ts';
import type { Incarnation, ScopeId, TierEntry } from './index.ts';
import { BODY_FORMAT, decodeEntry, entryVersion, TAGS_PER_ENTRY_MAX } from './index.ts';

/** `LOCKSTEP_FUZZ_RUNS` asks for more, as before a release. */
const RUNS = Number(process.env['LOCKSTEP_FUZZ_RUNS'] ?? 10_000);

const ENTRY: TierEntry = {
  codec: 0,
  packing: 0,
  graceMs: 0,
  tags: ['00112233445566778899aabbccddeeff' as ScopeId],
  payload: Uint8Array.from(Buffer.from('"value"')),
  expired: false,
  version: '1000-00ff',
  versionSequence: 1_000,
  born: { incarnation: 'fedcba9876543210' as Incarnation, sequence: 999 },
  fingerprint: '0af7651916cd43dd8448eb211c80319c',
};
const WHOLE = entryBytes(ENTRY);
const BODY_AT = WHOLE.indexOf(0x0a) + 1;
const BODY_HEAD_BYTES = 11;
const TAG_BYTES = 16;

function withHeader(header: string): Uint8Array {
  return Buffer.concat([Buffer.from(header, 'latin1'), WHOLE.subarray(BODY_AT)]);
}

function withBodyByte(at: number, value: number): Uint8Array {
  const copy = Uint8Array.from(WHOLE);
  copy[BODY_AT + at] = value;
  return copy;
}

describe('bytes that are no entry', () => {
  it(`are a miss, never a failure, whatever they are (${RUNS} tries)`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(decodeEntry(bytes)).toBeUndefined();
        expect(entryVersion(bytes)).toBeUndefined();
      }),
      { numRuns: RUNS },
    );
  });

  it(`are a miss or an entry of the right form, under a true header (${RUNS} tries)`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 60 }), (body) => {
        const bytes = Buffer.concat([WHOLE.subarray(0, BODY_AT), body]);
        const entry = decodeEntry(bytes);
        expect(entryVersion(bytes)).toBe(ENTRY.version);
        if (entry === undefined) return;
        expect(body[0]).toBe(BODY_FORMAT);
        expect(entry.tags.every((tag) => /^[0-9a-f]{32}$/.test(tag))).toBe(true);
        expect(entry.payload.length).toBe(body.length - BODY_HEAD_BYTES - entry.tags.length * TAG_BYTES);
      }),
      { numRuns: RUNS },
    );
  });

  it(`never throw when an entry was changed or cut, and take no more room than their bytes (${RUNS} tries)`, () => {
    const cut = fc.nat({ max: 400 });
    const change = fc.record({ where: fc.nat({ max: 0xffff }), to: fc.nat({ max: 255 }) });
    fc.assert(
      fc.property(arbitraryEntry, fc.array(change, { maxLength: 4 }), cut, (entry, bytesChanged, length) => {
        const bytes = Uint8Array.from(entryBytes(entry));
        for (const { where, to } of bytesChanged) bytes[where % bytes.length] = to;
        const decoded = decodeEntry(bytes.subarray(0, length));
        if (decoded === undefined) return;
        expect(Number.isSafeInteger(decoded.versionSequence)).toBe(true);
        expect(decoded.payload.buffer).toBe(bytes.buffer);
        expect(TAG_BYTES * decoded.tags.length + decoded.payload.length).toBeLessThan(bytes.length);
      }),
      { numRuns: RUNS },
    );
  });

  it.each([
    ['no newline', ENTRY.version],
    ['an empty header', '\n'],
    ['a state of a later release', 'g 1000 fedcba9876543210:999 0af7651916cd43dd8448eb211c80319c 1\n'],
    ['a version without a number', 'f -00ff fedcba9876543210:999 0af7651916cd43dd8448eb211c80319c 1\n'],
    ['a version of 17 digits', 'f 10000000000000000 fedcba9876543210:999 0af7651916cd43dd8448eb211c80319c 1\n'],
    ['an incarnation in capitals', 'f 1000 FEDCBA9876543210:999 0af7651916cd43dd8448eb211c80319c 1\n'],
    ['a short incarnation', 'f 1000 fedcba987654321:999 0af7651916cd43dd8448eb211c80319c 1\n'],
    ['no sequence of birth', 'f 1000 fedcba9876543210: 0af7651916cd43dd8448eb211c80319c 1\n'],
    ['a short fingerprint', 'f 1000 fedcba9876543210:999 0af7651916cd43dd 1\n'],
    ['a sixth field', 'f 1000 fedcba9876543210:999 0af7651916cd43dd8448eb211c80319c 1 1\n'],
    ['no end', 'f 1000 fedcba9876543210:999 0af7651916cd43dd8448eb211c80319c\n'],
    ['an end that is no number', 'f 1000 fedcba9876543210:999 0af7651916cd43dd8448eb211c80319c soon\n'],
    ['a carriage return', 'f 1000 fedcba9876543210:999 0af7651916cd43dd8448eb211c80319c 1\r\n'],
    ['a header of 200 bytes', `f ${'1'.repeat(160)} fedcba9876543210:999 0af7651916cd43dd8448eb211c80319c 1\n`],
  ])('are those with %s', (_what, header) => {
    expect(decodeEntry(withHeader(header))).toBeUndefined();
    expect(entryVersion(withHeader(header))).toBeUndefined();
  });

  it.each([
    ['version', 'f 9007199254740992 fedcba9876543210:999 0af7651916cd43dd8448eb211c80319c 1\n'],
    ['birth', 'f 1000 fedcba9876543210:9007199254740992 0af7651916cd43dd8448eb211c80319c 1\n'],
  ])('are those whose sequence of %s is 2^53', (_what, header) => {
    expect(decodeEntry(withHeader(header))).toBeUndefined();
  });
});

describe('an entry whose body cannot be read', () => {
  it.each([
    ['is of a later format', withBodyByte(0, BODY_FORMAT + 1)],
    ['names more tags than there are bytes', withBodyByte(BODY_HEAD_BYTES - 1, 2)],
    ['names more tags than an entry may carry', tooManyTags()],
    ['is cut within its tags', WHOLE.subarray(0, BODY_AT + BODY_HEAD_BYTES + TAG_BYTES - 1)],
    ['is cut within its head', WHOLE.subarray(0, BODY_AT + BODY_HEAD_BYTES - 1)],
    ['is empty', WHOLE.subarray(0, BODY_AT)],
  ])('because it %s is a miss, and still tells its version, so that a load can replace it', (_what, bytes) => {
    expect(decodeEntry(bytes)).toBeUndefined();
    expect(entryVersion(bytes)).toBe(ENTRY.version);
  });
});

function tooManyTags(): Uint8Array {
  const tags = Array.from({ length: TAGS_PER_ENTRY_MAX + 1 }, () => ENTRY.tags[0] as ScopeId);
  return entryBytes({ ...ENTRY, tags });
}
