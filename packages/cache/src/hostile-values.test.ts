import { serialize } from 'node:v8';
import { zstdCompressSync } from 'node:zlib';
import type { EntryBody } from '@lockstep/core';
import { encodeBody } from '@lockstep/core';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ShelfNode } from '../test/shelf.ts';
import { keyIdOf, openOn, Shelf } from '../test/shelf.ts';
import type { Namespace, NamespaceOptions } from './index.ts';

/** `LOCKSTEP_FUZZ_RUNS` asks for more, as before a release. */
const RUNS = Number(process.env['LOCKSTEP_FUZZ_RUNS'] ?? 10_000);
const TIMEOUT_MS = 60_000 + 10 * RUNS;

const FINGERPRINT = '0'.repeat(32);
const BYTES_MAX = 4_096;

let shelf: Shelf;
let node: ShelfNode;

beforeEach(async () => {
  shelf = new Shelf();
  node = await openOn(shelf, { encryptionKeys: [{ id: 'k', key: new Uint8Array(32) }] });
});

afterEach(() => node.lockstep.close());

/** Opens a namespace, and answers how to read bytes that someone has put into the tier as an entry of it. */
async function hostile(options: NamespaceOptions): Promise<(entry: Partial<EntryBody>) => Promise<unknown>> {
  const tools: Namespace<unknown> = node.lockstep.namespace('tools', { valueBytesMax: BYTES_MAX, ...options });
  const keyId = keyIdOf(await tools.clear('a'));
  return async (entry) => {
    const body = { codec: 0, packing: 0, graceMs: 0, tags: [], payload: new Uint8Array(), ...entry };
    shelf.putBody(keyId, encodeBody(body), FINGERPRINT);
    await tools.clear('a');
    const { entriesRejected } = node.lockstep.stats();
    const value = await tools.get('a');
    const isRejected = node.lockstep.stats().entriesRejected > entriesRejected;
    const isAbsence = body.codec === 254 || body.codec === 255;
    expect(isRejected || isAbsence).toBe(value === undefined);
    return value;
  };
}

/** Bytes with a few of them changed, and the rest cut off somewhere. */
function damaged(whole: fc.Arbitrary<Uint8Array>): fc.Arbitrary<Uint8Array> {
  const change = fc.record({ where: fc.nat({ max: 0xffff }), to: fc.nat({ max: 255 }) });
  const changes = fc.oneof(fc.constant([]), fc.array(change, { maxLength: 4 }));
  return fc
    .tuple(whole, changes, fc.oneof(fc.constant(10_000), fc.nat({ max: 600 })))
    .map(([bytes, changed, length]) => {
      const copy = Uint8Array.from(bytes);
      for (const { where, to } of changed) copy[where % Math.max(1, copy.length)] = to;
      return copy.subarray(0, length);
    });
}

const anything = fc.anything({ withBigInt: true, withDate: true, withMap: true, withSet: true, withTypedArray: true });
const written = anything.map((value) => Uint8Array.from(serialize(value)));
const json = fc.jsonValue().map((value) => Uint8Array.from(Buffer.from(JSON.stringify(value))));
const noise = fc.uint8Array({ maxLength: 100 });
const entry = fc.record({
  codec: fc.constantFrom(0, 0, 1, 1, 2, 254, 255),
  packing: fc.oneof({ weight: 5, arbitrary: fc.constantFrom(0, 0, 1, 2, 3) }, fc.nat({ max: 255 })),
  graceMs: fc.constantFrom(0, 1_000),
  payload: fc.oneof(
    noise,
    damaged(written),
    damaged(json),
    damaged(fc.oneof(json, written).map((bytes) => zstdCompressSync(bytes))),
    noise.map((bytes) => zstdCompressSync(Buffer.concat([Uint8Array.of(0xff, 0x0f), bytes]))),
    noise.map((bytes) => Buffer.concat([Buffer.from('\u0001k'), bytes])),
  ),
});

describe('an entry that someone else has put into the tier', () => {
  test.each<[string, NamespaceOptions]>([
    ['json', {}],
    ['json, copied', { copies: true }],
    ['structured', { codec: 'structured' }],
    ['structured, shared', { codec: 'structured', copies: false }],
  ])(
    `is a value or a counted miss, never thrown at a caller: %s (${RUNS} tries)`,
    {
      timeout: TIMEOUT_MS,
    },
    async (_, options) => {
      const read = await hostile({ secret: false, ...options });
      let values = 0;
      const property = fc.asyncProperty(entry, async (body) => {
        if ((await read(body)) !== undefined) values++;
      });
      await fc.assert(property, { numRuns: RUNS });
      expect(values).toBeGreaterThan(RUNS / 500);
    },
  );

  test(`is a miss where the namespace is encrypted (${RUNS} tries)`, { timeout: TIMEOUT_MS }, async () => {
    const read = await hostile({});
    const property = fc.asyncProperty(entry, async (body) => {
      expect(await read(body)).toBeUndefined();
    });
    await fc.assert(property, { numRuns: RUNS });
  });

  test('takes no more memory than a value may, whatever it grows to', async () => {
    // A gigabyte: each block stands for 4,096 times the letter x.
    const blocks = 262_144;
    const block = (isLast: boolean): Uint8Array => frameBlock({ type: 1, isLast, length: 4_096, bytes: [0x78] });
    const payload = Buffer.concat([
      frameHead(12),
      ...Array.from({ length: blocks }, (_, at) => block(at === blocks - 1)),
    ]);
    const read = await hostile({ secret: false });
    const peak = (): number => process.resourceUsage().maxRSS / 1_024;
    const before = peak();
    expect(await read({ packing: 1, payload })).toBeUndefined();
    expect(peak() - before).toBeLessThan(200);
  });

  test('is a miss where it was packed in a way that this release does not know', async () => {
    const read = await hostile({ secret: false });
    const payload = Buffer.from('"v"');
    expect(await read({ payload })).toBe('v');
    for (const packing of [4, 8, 128]) expect(await read({ packing, payload })).toBeUndefined();
  });

  test('asks for no larger window to grow in than a value may have', async () => {
    const read = await hostile({ secret: false });
    const block = frameBlock({ type: 0, isLast: true, length: 3, bytes: Buffer.from('"v"') });
    const frame = (windowLog: number): Uint8Array => Buffer.concat([frameHead(windowLog), block]);
    expect(await read({ packing: 1, payload: frame(12) })).toBe('v');
    expect(await read({ packing: 1, payload: frame(13) })).toBeUndefined();
    expect(await read({ packing: 1, payload: frame(27) })).toBeUndefined();
  });

  test.each<[string, NamespaceOptions, boolean]>([
    ['is frozen all the same', {}, true],
    ['is a miss where it cannot be copied', { copies: true }, false],
  ])('and is nested deeper than a stack, %s', async (_, options, isValue) => {
    const depth = 1_000_000;
    const payload = Buffer.from('['.repeat(depth) + ']'.repeat(depth));
    const read = await hostile({ secret: false, valueBytesMax: 2 * depth, ...options });
    let part = await read({ payload });
    expect(part !== undefined).toBe(isValue);
    for (let level = 1; isValue && level < depth; level++) [part] = part as [unknown];
    if (isValue) expect(Object.isFrozen(part)).toBe(true);
  });

  test.each([
    ['a list of 4,294,967,295 holes', 'ff0f61ffffffff0f4000ffffffff0f'],
    ['a list that says it has more elements than bytes', 'ff0f41ffffff0f'],
    ['bytes that say they are more than there are', 'ff0f42ffffff0f'],
    ['bytes that may grow to 4 GB', 'ff0f7e01808080800f00'],
    ['a version of v8 that is not yet there', 'ff7f4930'],
    ['nothing', ''],
    ['lists in lists, cut', `ff0f${'4101'.repeat(2_000)}`],
  ])('is %s, in the codec structured: no memory, and nothing thrown', async (_, hex) => {
    const read = await hostile({ secret: false, codec: 'structured' });
    const before = process.resourceUsage().maxRSS / 1_024;
    await read({ codec: 1, payload: Buffer.from(hex, 'hex') });
    expect(process.resourceUsage().maxRSS / 1_024 - before).toBeLessThan(100);
  });
});

/** The head of a zstd frame that does not say how long its content is. */
function frameHead(windowLog: number): Uint8Array {
  return Uint8Array.of(0x28, 0xb5, 0x2f, 0xfd, 0, (windowLog - 10) << 3);
}

/** One block of such a frame. Type 0: the bytes as they are; 1: one byte, `length` times. */
function frameBlock(block: {
  readonly type: 0 | 1;
  readonly isLast: boolean;
  readonly length: number;
  readonly bytes: Iterable<number>;
}): Uint8Array {
  const head = (block.length << 3) | (block.type << 1) | (block.isLast ? 1 : 0);
  return Uint8Array.of(head & 0xff, (head >> 8) & 0xff, head >> 16, ...block.bytes);
}
