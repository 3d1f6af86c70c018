import fc from 'fast-check';
import type { EntryBody, Incarnation, ScopeId, TierEntry } from '../src/index.ts';
import { encodeBody, GRACE_MS_MAX, TAGS_PER_ENTRY_MAX } from '../src/index.ts';

/** Records like object literals, which strict comparisons ask for. */
const PLAIN = { noNullPrototype: true } as const;

function hex(bytes: number): fc.Arbitrary<string> {
  const whole = fc.uint8Array({ minLength: bytes, maxLength: bytes });
  return whole.map((value) => Buffer.from(value).toString('hex'));
}

const tag = hex(16).map((id) => id as ScopeId);
const sequence = fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER });

const arbitraryBody: fc.Arbitrary<EntryBody> = fc.record(
  {
    codec: fc.nat({ max: 0xffff_ffff }),
    packing: fc.nat({ max: 255 }),
    graceMs: fc.nat({ max: GRACE_MS_MAX }),
    tags: fc.oneof(
      fc.array(tag, { maxLength: 3 }),
      fc.array(tag, { minLength: TAGS_PER_ENTRY_MAX, maxLength: TAGS_PER_ENTRY_MAX }),
    ),
    payload: fc.uint8Array({ maxLength: 64 }),
  },
  PLAIN,
);

/** Any entry that the tier's scripts and a client may have made together; a silent fill's version has a random part. */
export const arbitraryEntry: fc.Arbitrary<TierEntry> = fc
  .record(
    {
      body: arbitraryBody,
      expired: fc.boolean(),
      versionSequence: sequence,
      randomPart: fc.oneof(fc.constant(''), hex(8), hex(16)),
      born: fc.record({ incarnation: hex(8).map((id) => id as Incarnation), sequence }, PLAIN),
      fingerprint: hex(16),
    },
    PLAIN,
  )
  .map(({ body, randomPart, ...header }) => ({
    ...body,
    ...header,
    version: randomPart === '' ? String(header.versionSequence) : `${header.versionSequence}-${randomPart}`,
  }));

/** The header line, with its newline, as the tier's scripts write it. */
function headerLine({ expired, version, born, fingerprint }: Omit<TierEntry, keyof EntryBody>): string {
  return `${expired ? 'x' : 'f'} ${version} ${born.incarnation}:${born.sequence} ${fingerprint} 1763800060000\n`;
}

/** An entry's bytes as the tier answers them. */
export function entryBytes(entry: TierEntry): Uint8Array {
  return Buffer.concat([Buffer.from(headerLine(entry)), encodeBody(entry)]);
}
