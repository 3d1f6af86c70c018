import { randomBytes } from 'node:crypto';
import { FakeRandom } from '@lockstep/testkit';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { keyIdOf, openOn, Shelf } from '../test/shelf.ts';
import type { Codec, EncryptionKey, Lockstep, NamespaceOptions } from './index.ts';
import { openLockstep } from './index.ts';

const KEYS: readonly EncryptionKey[] = [{ id: '2024', key: randomBytes(32) }];

/** Latin letters as bytes, one each. */
const letters: Codec = {
  name: 'letters',
  encode: (value) => Buffer.from(String(value), 'latin1'),
  decode: (bytes) => Buffer.from(bytes).toString('latin1'),
};

const structured = {
  map: new Map([['a', new Set([1n])]]),
  at: new Date(0),
  bytes: Uint8Array.of(1, 2),
  list: [undefined, Number.NaN],
};

let shelf: Shelf;
const opened: Lockstep[] = [];

async function open(encryptionKeys: readonly EncryptionKey[] = []): Promise<Lockstep> {
  const { lockstep } = await openOn(shelf, { encryptionKeys });
  opened.push(lockstep);
  return lockstep;
}

beforeEach(() => {
  shelf = new Shelf();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map((lockstep) => lockstep.close()));
});

describe('a value that one node writes and another one reads', () => {
  const codecs = [
    ['json', 'json', { list: [1, null, 'é\u2028'], deep: { ok: true } }],
    ['structured', 'structured', structured],
    ['a codec of its own', letters, 'just letters'],
  ] as const;
  const ways = codecs.flatMap(([name, codec, value]) =>
    [0, 1].flatMap((compressFrom) =>
      [false, true].map((secret) => ({ name, options: { codec, compressFrom, secret }, value })),
    ),
  );

  test.each(ways)('is the same: $name, $options.compressFrom, $options.secret', async ({ options, value }) => {
    const [one, two] = [await open(KEYS), await open(KEYS)];
    const big = { value, filling: 'x'.repeat(1_000) };
    const given = options.codec === letters ? `${value} ${big.filling}` : big;
    const [writes, reads] = [one.namespace<unknown>('tools', options), two.namespace<unknown>('tools', options)];
    const keyId = keyIdOf(await writes.set('a', given));
    expect(await reads.get('a')).toEqual(given);
    expect(writes.peek('a')).toEqual(given);
    expect(shelf.entry(keyId).packing).toBe((options.compressFrom > 0 ? 1 : 0) + (options.secret ? 2 : 0));
    // What counts against the near-cache's bounds is the value as it was encoded.
    expect(reads.stats().bytes).toBeGreaterThan(1_000);
    expect([reads.stats().bytes, two.stats().entriesRejected]).toEqual([writes.stats().bytes, 0]);
  });

  test('has the same fingerprint whenever it is written, and another one when it is another value', async () => {
    const tools = (await open(KEYS)).namespace<string>('tools');
    const fingerprints = new Set<string>();
    const bodies = new Set<string>();
    for (const value of ['v', 'v', 'w']) {
      const { fingerprint, payload } = shelf.entry(keyIdOf(await tools.set('a', value)));
      fingerprints.add(fingerprint);
      bodies.add(Buffer.from(payload).toString('hex'));
    }
    expect([fingerprints.size, bodies.size]).toEqual([2, 3]);
  });

  test('that was loaded is in the tier as one that was set is', async () => {
    const tools = (await open(KEYS)).namespace<string>('tools', { compressFrom: 1 });
    const keyId = keyIdOf(await tools.clear('a'));
    await tools.getOrLoad('a', () => 'x'.repeat(100));
    expect(shelf.entry(keyId).packing).toBe(3);
    expect(await (await open(KEYS)).namespace<string>('tools').get('a')).toBe('x'.repeat(100));
  });

  test('"there is none" is shared too, and sealed like a value', async () => {
    const [one, two] = [await open(KEYS), await open(KEYS)];
    const tools = one.namespace<string>('tools');
    const keyId = keyIdOf(await tools.clear('a'));
    await expect(tools.getOrLoad('a', ({ denied }) => denied())).rejects.toMatchObject({ code: 'value-denied' });
    expect(shelf.entry(keyId).packing).toBe(2);
    expect(await two.namespace('tools').lookup('a')).toMatchObject({ outcome: 'miss', absence: 'denied' });
    shelf.change(keyId, { codec: 254 });
    expect(await (await open(KEYS)).namespace('tools').lookup('a')).toMatchObject({ absence: undefined });
  });
});

describe('the codec', () => {
  test.each([
    ['json', 'json'],
    ['structured', 'structured'],
    ['one of the same bytes and another name', { ...letters, name: 'letters-2' }],
  ] as const)('of an entry is another one than this node has (%s): a miss, counted', async (_, codec) => {
    await (await open()).namespace<string>('tools', { codec: letters }).set('a', '1');
    const two = await open();
    expect(await two.namespace('tools', { codec }).get('a')).toBeUndefined();
    expect(two.stats().entriesRejected).toBe(1);
  });

  test('has these numbers, which releases that share a tier read of each other', async () => {
    const lockstep = await open();
    const numbers: number[] = [];
    for (const [index, codec] of (['json', 'structured', letters] as const).entries()) {
      const tools = lockstep.namespace<unknown>(`tools-${index}`, { codec });
      numbers.push(shelf.entry(keyIdOf(await tools.set('a', 'v'))).codec);
    }
    expect(numbers).toEqual([0, 1, 2_061_032_421]);
  });

  test.each([
    ['structured', 'structured', () => {}],
    ['structured, undefined', 'structured', undefined],
    ['one that throws', { ...letters, encode: () => JSON.parse('secret of the value') }, 'v'],
    ['one that cannot read what it wrote', { ...letters, decode: () => JSON.parse('secret of the value') }, 'v'],
    ['one that makes no bytes', { ...letters, encode: (value: unknown) => value as Uint8Array }, 'v'],
  ] as const)('that cannot hold a value (%s) refuses it, its reason as the cause', async (_, codec, value) => {
    const tools = (await open()).namespace<unknown>('tools', { codec });
    const error = await tools.set('a', value).catch((caught: unknown) => caught);
    expect(error).toMatchObject({ code: 'value-unserializable', cause: expect.any(Error) });
    expect(String(error)).not.toContain('secret of the value');
  });

  test('structured makes copies, since a Map cannot be frozen, unless the namespace asks for none', async () => {
    const lockstep = await open();
    const copied = lockstep.namespace<Map<string, number>>('copied', { codec: 'structured' });
    const shared = lockstep.namespace<Map<string, number>>('shared', { codec: 'structured', copies: false });
    for (const tools of [copied, shared]) await tools.set('a', new Map([['n', 1]]));
    copied.peek('a')?.set('n', 2);
    expect(copied.peek('a')).toEqual(new Map([['n', 1]]));
    expect(shared.peek('a')).toBe(shared.peek('a'));
  });

  test('of its own gives values that are frozen', async () => {
    const points: Codec = {
      name: 'point',
      encode: (value) => Uint8Array.of((value as { x: number }).x),
      decode: ([x]) => ({ x, more: [{ y: 1 }] }),
    };
    const tools = (await open()).namespace<{ x: number; more: { y: number }[] }>('tools', { codec: points });
    await tools.set('a', { x: 5, more: [] });
    const value = tools.peek('a');
    expect(value).toEqual({ x: 5, more: [{ y: 1 }] });
    expect(Object.isFrozen(value?.more[0])).toBe(true);
  });
});

describe('compression', () => {
  const text = (bytes: number): string => 'x'.repeat(bytes - 2);
  const packingOf = async (value: unknown, options: NamespaceOptions): Promise<number> => {
    const lockstep = await open(KEYS);
    return shelf.entry(keyIdOf(await lockstep.namespace<unknown>('tools', options).set('a', value))).packing;
  };

  test.each<[string, number, number, NamespaceOptions]>([
    ['begins at the threshold', 100, 1, { secret: false, compressFrom: 100 }],
    ['leaves what is smaller', 99, 0, { secret: false, compressFrom: 100 }],
    ['begins by default at 8,192 bytes', 8_192, 1, { secret: false }],
    ['leaves by default what is smaller', 8_191, 0, { secret: false }],
    ['is off at 0', 100_000, 0, { secret: false, compressFrom: 0 }],
    ['is off by default where values are secret', 100_000, 2, { secret: true }],
    ['is on where a secret namespace asks for it', 100_000, 3, { secret: true, compressFrom: 100 }],
  ])('%s', async (_, ...[bytes, packing, options]) => {
    expect(await packingOf(text(bytes), options)).toBe(packing);
  });

  test('that makes a value no smaller is left out', async () => {
    const options = { codec: 'structured', secret: false, compressFrom: 1 } as const;
    expect(await packingOf(Uint8Array.from(randomBytes(1_000)), options)).toBe(0);
  });

  test('makes it as small as the tier needs it', async () => {
    const tools = (await open()).namespace<string>('tools');
    expect(shelf.entry(keyIdOf(await tools.set('a', text(100_000)))).payload.length).toBeLessThan(100);
  });
});

describe('a value in the tier that is larger than the namespace takes', () => {
  test.each([0, 1])('is a miss, whether it is compressed or not (compressFrom: %d)', async (compressFrom) => {
    const value = 'x'.repeat(998);
    await (await open()).namespace<string>('tools', { compressFrom }).set('a', value);
    const fits = (await open()).namespace<string>('tools', { compressFrom, valueBytesMax: 1_000 });
    expect(await fits.get('a')).toBe(value);
    const two = await open();
    expect(await two.namespace('tools', { compressFrom, valueBytesMax: 999 }).get('a')).toBeUndefined();
    expect(two.stats().entriesRejected).toBe(1);
  });
});

describe('options of values', () => {
  test.each<[NamespaceOptions, RegExp]>([
    [{ codec: 'xml' as never }, /codec: takes "json", "structured", or \{ name, encode, decode \}/],
    [{ codec: { ...letters, name: '' } }, /codec: takes/],
    [{ codec: { ...letters, name: 'x'.repeat(65) } }, /codec: takes/],
    [{ codec: { name: 'x', encode: letters.encode } as never }, /codec: takes/],
    [{ compressFrom: -1 }, /compressFrom: got -1, takes a whole number from 0/],
    [{ compressFrom: Number.POSITIVE_INFINITY }, /compressFrom: got/],
    [{ secret: 'yes' as never }, /secret: got "yes", takes true or false/],
  ])('that cannot be used are refused: %j', async (options, message) => {
    const lockstep = await open(KEYS);
    expect(() => lockstep.namespace('tools', options)).toThrow(message);
  });

  test('work without a tier, where nothing is packed', async () => {
    const random = new FakeRandom();
    const lockstep = await openLockstep({ encryptionKeys: KEYS, random });
    opened.push(lockstep);
    const tools = lockstep.namespace<unknown>('tools', { codec: 'structured', compressFrom: 1, secret: true });
    const drawn = vi.spyOn(random, 'hex');
    await tools.set('a', structured);
    expect(drawn).not.toHaveBeenCalled();
    expect(tools.peek('a')).toEqual(structured);
  });
});
