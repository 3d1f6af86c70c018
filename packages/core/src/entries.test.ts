import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryEntry, entryBytes } from '../test/arbitrary-entries.ts';
import type { EntryBody, Incarnation, ScopeId, TierEntry } from './index.ts';
import { decodeEntry, encodeBody, entryEndMs, entryVersion } from './index.ts';

const TAGS = ['00112233445566778899aabbccddeeff', 'ffeeddccbbaa99887766554433221100'] as ScopeId[];
const BODY: EntryBody = {
  codec: 0x01020304,
  packing: 3,
  graceMs: 60_000,
  tags: TAGS,
  payload: Uint8Array.from(Buffer.from('{"a":1}')),
};

// What releases that share a tier read of each other. A changed pin is a changed format: give it a new number.
const BODY_HEX = [
  '02 01020304 03 0000ea60 02',
  '00112233445566778899aabbccddeeff',
  'ffeeddccbbaa99887766554433221100',
  '7b2261223a317d',
]
  .join('')
  .replaceAll(' ', '');

const HEADER = '1763800000000000 fedcba9876543210:1763799999999999 0af7651916cd43dd8448eb211c80319c 1763800060000';
const ENTRY: TierEntry = {
  ...BODY,
  expired: false,
  version: '1763800000000000',
  versionSequence: 1_763_800_000_000_000,
  born: { incarnation: 'fedcba9876543210' as Incarnation, sequence: 1_763_799_999_999_999 },
  fingerprint: '0af7651916cd43dd8448eb211c80319c',
};

function bytesOf(header: string, bodyHex: string = BODY_HEX): Uint8Array {
  return Buffer.concat([Buffer.from(header, 'latin1'), Buffer.from(bodyHex, 'hex')]);
}

describe('the bytes of an entry', () => {
  it('have this body', () => {
    expect(Buffer.from(encodeBody(BODY)).toString('hex')).toBe(BODY_HEX);
  });

  it('have this header before it', () => {
    const { payload, ...entry } = decodeEntry(bytesOf(`f ${HEADER}\n`)) as TierEntry;
    expect({ ...entry, payload: Uint8Array.from(payload) }).toStrictEqual(ENTRY);
  });

  it('say when its life ends, in ms of the tier', () => {
    expect(entryEndMs(bytesOf(`f ${HEADER}\n`))).toBe(1_763_800_060_000);
    expect(entryEndMs(bytesOf(`f ${HEADER}\n`).subarray(0, 60))).toBeUndefined();
    expect(entryEndMs(bytesOf(`f ${HEADER}0000\n`))).toBeUndefined();
    expect(entryEndMs(new Uint8Array())).toBeUndefined();
  });

  it('say by their first letter that the value expired', () => {
    expect(decodeEntry(bytesOf(`x ${HEADER}\n`))?.expired).toBe(true);
  });

  it('say of a silent fill the sequence of the head it found and a part of its own', () => {
    const silent = decodeEntry(bytesOf(`f ${HEADER.replace(' ', '-00ff00ff00ff00ff ')}\n`));
    expect(silent?.version).toBe('1763800000000000-00ff00ff00ff00ff');
    expect(silent?.versionSequence).toBe(1_763_800_000_000_000);
  });
});

describe('an entry', () => {
  it('comes back as it was written, whatever is in it', () => {
    fc.assert(
      fc.property(arbitraryEntry, (entry) => {
        const bytes = entryBytes(entry);
        const decoded = decodeEntry(bytes);
        expect(decoded && { ...decoded, payload: Uint8Array.from(decoded.payload) }).toStrictEqual(entry);
        expect(entryVersion(bytes)).toBe(entry.version);
      }),
      { numRuns: 500 },
    );
  });

  it('comes back from the middle of a larger buffer, its payload a view and not a copy', () => {
    const bytes = bytesOf(`f ${HEADER}\n`);
    const buffer = new Uint8Array(bytes.length + 9);
    buffer.set(bytes, 9);
    const payload = decodeEntry(buffer.subarray(9))?.payload;
    expect(payload?.buffer).toBe(buffer.buffer);
    expect(payload).toEqual(BODY.payload);
  });

  it('comes back with an empty payload, or one that holds newlines', () => {
    for (const payload of [new Uint8Array(), Uint8Array.of(0x0a, 0x0a)]) {
      const bytes = entryBytes({ ...ENTRY, tags: [], payload });
      expect(Uint8Array.from(decodeEntry(bytes)?.payload ?? [1])).toEqual(payload);
    }
  });
});
