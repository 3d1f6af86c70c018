import { randomBytes } from 'node:crypto';
import { inspect } from 'node:util';
import type { KeyId } from '@lockstep/core';
import { FakeClock, FakeRandom, silentLogger } from '@lockstep/testkit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ShelfNode } from '../test/shelf.ts';
import { keyIdOf, openOn, Shelf } from '../test/shelf.ts';
import type { EncryptionKey, LockstepOptions, NamespaceOptions } from './index.ts';
import { openLockstep } from './index.ts';
import { KeyRing } from './key-ring.ts';

const OLD: EncryptionKey = { id: '2024', key: randomBytes(32) };
const NEW: EncryptionKey = { id: '2025', key: randomBytes(32) };

let shelf: Shelf;
const opened: ShelfNode[] = [];

async function open(encryptionKeys: readonly EncryptionKey[], options: LockstepOptions = {}): Promise<ShelfNode> {
  const node = await openOn(shelf, { encryptionKeys, ...options });
  opened.push(node);
  return node;
}

/** What a new node with these keys, and this cluster's secret, reads. */
async function read(
  encryptionKeys: readonly EncryptionKey[],
  { key = 'a', name = 'tokens', options = {}, node = {} as LockstepOptions } = {},
): Promise<unknown> {
  const { lockstep } = await open(encryptionKeys, node);
  const value = await lockstep.namespace<string>(name, options).get(key);
  expect(lockstep.stats().entriesRejected).toBe(value === undefined ? 1 : 0);
  return value;
}

/** Has a new node with these keys write; answers the key's id. */
async function write(encryptionKeys: readonly EncryptionKey[], options: NamespaceOptions = {}): Promise<KeyId> {
  const { lockstep } = await open(encryptionKeys);
  return keyIdOf(await lockstep.namespace<string>('tokens', options).set('a', 'plain-text'));
}

beforeEach(() => {
  shelf = new Shelf();
});

afterEach(async () => {
  await Promise.all(opened.splice(0).map(({ lockstep }) => lockstep.close()));
});

describe('encrypted values', () => {
  test('say nothing but the id of their key', async () => {
    const bytes = Buffer.from(shelf.bytes(await write([OLD])) ?? []).toString('latin1');
    expect(bytes).not.toContain('plain-text');
    expect(bytes).toContain('2024');
  });

  test('are those of every namespace where the node has keys, but of one that is no secret', async () => {
    for (const [secret, packing] of [
      [undefined, 2],
      [true, 2],
      [false, 0],
    ] as const) {
      expect(shelf.entry(await write([OLD], secret === undefined ? {} : { secret })).packing).toBe(packing);
    }
    expect(shelf.entry(await write([])).packing).toBe(0);
  });

  test('have these bytes, which releases that share a tier read of each other', () => {
    const clock = new FakeClock();
    const key = Buffer.alloc(32, 7);
    const ring = new KeyRing([{ id: 'k1', key }], { clock, random: new FakeRandom(1), logger: silentLogger });
    const context = { keyId: '0af7651916cd43dd8448eb211c80319c' as KeyId, entry: '0:2:0:' };
    const sealed = ring.seal(Buffer.from('plain'), context);
    expect(Buffer.from(sealed).toString('hex')).toBe(
      '026b31e7364039b9b00eff55feb176b57e618b4b16753cfe1751b28919a343b3f39bc96f',
    );
    expect(Buffer.from(ring.open(sealed, context) ?? []).toString()).toBe('plain');
  });

  test('never have the same IV', () => {
    const parts = { clock: new FakeClock(), random: new FakeRandom(1), logger: silentLogger };
    const ring = new KeyRing([OLD], parts);
    const seal = () => Buffer.from(ring.seal(new Uint8Array(), { keyId: 'x' as KeyId, entry: '' })).toString('hex');
    expect(new Set(Array.from({ length: 1_000 }, seal)).size).toBe(1_000);
  });
});

describe('a key ring', () => {
  test('encrypts with its first key, and decrypts with all of them', async () => {
    const keyId = await write([OLD]);
    expect(await read([NEW, OLD])).toBe('plain-text');
    expect(await read([OLD, NEW])).toBe('plain-text');
    await write([NEW, OLD]);
    expect(Buffer.from(shelf.entry(keyId).payload).toString('latin1')).toContain('2025');
    expect(await read([OLD, NEW])).toBe('plain-text');
  });

  test('no longer reads what it has no key for: a miss, counted', async () => {
    await write([OLD]);
    expect(await read([NEW])).toBeUndefined();
    expect(await read([{ ...NEW, id: OLD.id }])).toBeUndefined();
    expect(await read([], { options: { secret: false } })).toBeUndefined();
    for (const [keys, objection] of [
      [[NEW], 'unreadable'],
      [[OLD], undefined],
    ] as const) {
      const { lockstep } = await open(keys);
      expect((await lockstep.namespace('tokens').explain('a')).tier).toMatchObject({ objection });
    }
  });

  test('tells of that once a minute, with the id of the key and what to do', async () => {
    await write([OLD]);
    const { lockstep, logger, clock } = await open([NEW]);
    const tokens = lockstep.namespace<string>('tokens');
    for (let reads = 0; reads < 3; reads++) await tokens.get('a');
    const told = () => logger.entries.filter(({ message }) => message.includes('cannot be decrypted'));
    expect(told().map(({ level, fields }) => [level, fields])).toEqual([
      ['warn', { encryptionKey: '2024', reason: 'this node has no key of that id: add it to encryptionKeys' }],
    ]);
    await clock.run(60_000);
    await tokens.get('a');
    expect(told()).toHaveLength(2);
  });

  test.each([
    ['bytes', (key: Uint8Array) => key],
    ['hexadecimal', (key: Uint8Array) => Buffer.from(key).toString('hex')],
    ['base64', (key: Uint8Array) => Buffer.from(key).toString('base64')],
    ['base64 for URLs', (key: Uint8Array) => Buffer.from(key).toString('base64url')],
  ])('takes a key as %s', async (_, as) => {
    await write([OLD]);
    expect(await read([{ id: OLD.id, key: as(OLD.key as Uint8Array) }])).toBe('plain-text');
  });

  test.each<[string, unknown, RegExp]>([
    ['no list', 'secret-key', /encryptionKeys: takes a list of at most 32/],
    ['too many', Array.from({ length: 33 }, (_, id) => ({ ...OLD, id: `${id}` })), /encryptionKeys: takes a list/],
    ['an id that is none', [{ ...OLD, id: 'a b' }], /encryptionKeys\[0\]\.id: takes/],
    ['an id twice', [OLD, { ...NEW, id: OLD.id }], /encryptionKeys\[1\]\.id: got "2024" again/],
    ['31 bytes', [{ id: 'a', key: new Uint8Array(31) }], /encryptionKeys\[0\]\.key: takes 32 bytes/],
    ['a passphrase', [{ id: 'a', key: 'secret-key' }], /encryptionKeys\[0\]\.key: takes 32 bytes/],
    ['hexadecimal of 31 bytes', [{ id: 'a', key: '00'.repeat(31) }], /encryptionKeys\[0\]\.key: takes 32 bytes/],
    ['nothing', [undefined], /encryptionKeys\[0\]\.id: .*encryptionKeys\[0\]\.key: /],
  ])('is refused with %s, and no key is in the message', async (_, encryptionKeys, message) => {
    const refused = await openLockstep({ encryptionKeys } as never).catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'config-invalid', message: expect.stringMatching(message) });
    expect(String(refused)).not.toContain('secret-key');
  });
});

describe('an encrypted value that was tampered with', () => {
  const changes: readonly [string, (payload: Uint8Array) => Uint8Array][] = [
    ['cut', (payload) => payload.subarray(0, -1)],
    ['cut to nothing', (payload) => payload.subarray(0, 0)],
    ['lengthened', (payload) => Buffer.concat([payload, Uint8Array.of(0)])],
    ['changed in its last byte', (payload) => flipped(payload, payload.length - 1)],
    ['changed in its IV', (payload) => flipped(payload, 6)],
    ['changed in its tag', (payload) => flipped(payload, 20)],
  ];

  test.each(changes)('as it was %s, is a miss', async (_, change) => {
    const keyId = await write([OLD]);
    shelf.change(keyId, { payload: change(shelf.entry(keyId).payload) });
    expect(await read([OLD])).toBeUndefined();
  });

  test('in what stands beside it (codec, packing, grace, tags), is a miss', async () => {
    const keyId = await write([OLD]);
    const entry = shelf.entry(keyId);
    for (const change of [{ codec: 254 }, { packing: 3 }, { graceMs: 1 }, { tags: ['ab'.repeat(16) as never] }]) {
      shelf.change(keyId, { ...entry, ...change });
      expect(await read([OLD])).toBeUndefined();
    }
    shelf.change(keyId, entry);
    expect(await read([OLD])).toBe('plain-text');
  });

  test('by moving it to another key, namespace or cluster, is a miss', async () => {
    const body = shelf.entry(await write([OLD]));
    const places = [{ key: 'b' }, { name: 'sessions' }, { node: { secret: 'the secret of another cluster' } }];
    for (const place of places) {
      const { lockstep } = await open([OLD], place.node);
      const tokens = lockstep.namespace<string>(place.name ?? 'tokens');
      shelf.change(keyIdOf(await tokens.set(place.key ?? 'a', 'other')), body);
      expect(await read([OLD], place)).toBeUndefined();
    }
  });

  test('by replacing it with one that is not encrypted, is a miss, unless the namespace is no secret', async () => {
    await write([OLD], { secret: false });
    expect(await read([OLD])).toBeUndefined();
    expect(await read([OLD], { options: { secret: true } })).toBeUndefined();
    expect(await read([OLD], { options: { secret: false } })).toBe('plain-text');
  });

  test('not at all, is read by a node that has the keys and does not encrypt', async () => {
    await write([OLD]);
    expect(await read([OLD], { options: { secret: false } })).toBe('plain-text');
  });
});

test('an id of a key that is none is a miss, and it is in no line of the log', async () => {
  const keyId = await write([OLD]);
  const { lockstep, logger } = await open([OLD]);
  const tokens = lockstep.namespace('tokens');
  for (const id of ['', '\n', 'x'.repeat(65), '\u001b[2J']) {
    const payload = Buffer.concat([Uint8Array.of(id.length), Buffer.from(id), new Uint8Array(100)]);
    shelf.change(keyId, { payload });
    expect(await tokens.get('a')).toBeUndefined();
  }
  const warned = logger.entries.filter(({ level }) => level === 'warn');
  expect(warned.map(({ fields }) => fields)).toEqual([{ namespace: 'tokens' }]);
});

describe('a secret namespace', () => {
  test('is not opened on a node without keys, and the error says what to do', async () => {
    const { lockstep } = await open([]);
    expect(() => lockstep.namespace('tokens', { secret: true })).toThrow(
      expect.objectContaining({
        code: 'config-invalid',
        message: expect.stringMatching(/"tokens".*secret: got true, takes encryptionKeys of openLockstep/),
      }),
    );
    lockstep.namespace('tokens', { secret: false });
  });
});

test('keys are in nothing that a node shows of itself', async () => {
  const text = 'f00dcafe'.repeat(8);
  const { lockstep, logger } = await open([{ id: 'k', key: text }]);
  const tokens = lockstep.namespace<string>('tokens');
  await tokens.set('a', 'plain-text');
  const ring = new KeyRing([{ id: 'k', key: text }], { clock: new FakeClock(), random: new FakeRandom(), logger });
  const shown = inspect([lockstep, tokens, logger, ring], { showHidden: true, depth: 20, maxArrayLength: null });
  const raw = Buffer.from(text, 'hex');
  for (const form of [text, raw.toString('base64'), 'f0 0d ca fe', '240, 13, 202, 254']) {
    expect(shown).not.toContain(form);
    expect(JSON.stringify([lockstep, tokens, logger.entries, ring])).not.toContain(form);
  }
});

function flipped(bytes: Uint8Array, at: number): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy[at] = (copy[at] as number) ^ 1;
  return copy;
}
