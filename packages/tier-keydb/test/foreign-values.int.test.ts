import type { Incarnation, ScopeId } from '@lockstep/core';
import { CONTROL_PARTITION, decodeEntry } from '@lockstep/core';
import { RecordingLogger, waitFor } from '@lockstep/testkit';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KeydbTier } from '../src/index.ts';
import { entryOf } from './entry-of.ts';
import { KEY, NODE, TestServer } from './test-server.ts';

const INCARNATION = '0f'.repeat(8) as Incarnation;
const SETTINGS = { partitions: 16, format: 1, secretFingerprint: 'ab', deltaMaxMs: 2_000 };
const LEASE = { token: 'token', leaseMs: 60_000 };

describe('what something else wrote under our keys', () => {
  let server: TestServer;
  let tier: KeydbTier;
  let logger: RecordingLogger;
  let cluster: string;

  beforeAll(async () => {
    server = await TestServer.start();
  });

  beforeEach(async () => {
    cluster = server.newCluster();
    logger = new RecordingLogger();
    tier = await server.open({ cluster, logger });
  });

  afterAll(async () => {
    await server.stop();
  });

  const partitionKey = (name: string): string => `lockstep:{${cluster}:${KEY.partition}}:${name}`;
  const controlKey = (name: string): string => `lockstep:{${cluster}:ctl}:${name}`;

  it.each(['', 'nonsense', '0F0F0F0F0F0F0F0F:12', '0f0f0f0f0f0f0f0f:99999999999999999', '0f0f0f0f0f0f0f0f:-1'])(
    'a head that does not parse (%s) counts as none, and is replaced',
    async (head) => {
      await server.raw.set(partitionKey('head'), head);
      await server.raw.hset(controlKey('control'), 'head', head);
      expect(await tier.heads([KEY.partition, CONTROL_PARTITION])).toEqual([undefined, undefined]);
      expect((await tier.read(KEY)).head).toBeUndefined();
      expect(await tier.control()).toBeUndefined();
      expect((await tier.found(CONTROL_PARTITION, INCARNATION)).incarnation).toBe(INCARNATION);
      expect((await tier.clear(KEY, NODE)).previous).toBe(0);
    },
  );

  it.each(['', 'nonsense', 'f 12 0f0f:3 ab\n', `f 12 ${INCARNATION}:3 ${'ab'.repeat(16)}`])(
    'an entry that does not parse (%s) is a miss, and a fill replaces it loudly',
    async (text) => {
      await server.raw.set(partitionKey(`entry:${KEY.keyId}`), text, 'PX', 60_000);
      expect(await tier.read(KEY)).toMatchObject({ entry: undefined, lease: 'none' });
      expect(await tier.read(KEY, LEASE)).toMatchObject({ entry: undefined, lease: 'granted' });
      expect(await tier.fill(entryOf(KEY), LEASE.token)).toMatchObject({ outcome: 'loud' });
      expect(decodeEntry((await tier.read(KEY)).entry?.bytes ?? new Uint8Array())).toBeDefined();
    },
  );

  it('an entry that something has taken its life from is a miss once that would be over', async () => {
    await tier.put({ ...entryOf(KEY), ttlMs: 40 });
    await server.raw.persist(partitionKey(`entry:${KEY.keyId}`));
    const isGone = async (): Promise<boolean> => (await tier.read(KEY)).entry === undefined;
    await waitFor(isGone, { what: 'the end of its life' });
    expect(await tier.read(KEY, LEASE)).toMatchObject({ entry: undefined, lease: 'granted' });
  });

  it('an expire leaves a foreign entry alone', async () => {
    await server.raw.set(partitionKey(`entry:${KEY.keyId}`), 'foreign');
    await tier.expire(KEY, NODE);
    expect(await server.raw.get(partitionKey(`entry:${KEY.keyId}`))).toBe('foreign');
  });

  it('a lease that does not parse is nobody’s', async () => {
    await server.raw.hset(partitionKey('leases'), KEY.keyId, 'nonsense');
    expect(await tier.release(KEY, 'nonsense')).toEqual({ waiters: false });
    expect((await tier.read(KEY, LEASE)).lease).toBe('granted');
  });

  it('the log ends at a record that does not parse, and the logger hears of it', async () => {
    const first = await tier.clear(KEY, NODE);
    await server.raw.xadd(partitionKey('log'), `${first.sequence + 1}-0`, 'p', String(first.sequence), 'e', 'nonsense');
    const last = await tier.clear(KEY, NODE);
    expect(last.sequence).toBeGreaterThan(first.sequence + 1);
    const records = await tier.log(KEY.partition, first.sequence, 10);
    expect(records.map((record) => record.sequence)).toEqual([first.sequence]);
    expect(logger.entries).toContainEqual(expect.objectContaining({ level: 'warn', fields: { partition: 3 } }));
  });

  it.each([
    ['epoch', 'an epoch', `epoch:clear-scope:${'7a'.repeat(16)}`],
    ['floor', 'a floor', 'floor'],
  ])('%s: %s that does not parse is an error: its clear must not be overlooked', async (_, __, field) => {
    await tier.clearScope('7b'.repeat(16) as ScopeId, NODE);
    await server.raw.hset(controlKey('control'), field, 'nonsense');
    await expect(tier.control()).rejects.toMatchObject({ code: 'tier-refused' });
  });

  it('settings that do not parse are an error', async () => {
    await server.raw.hset(controlKey('control'), 'setting:partitions', 'many');
    await expect(tier.settle(SETTINGS)).rejects.toMatchObject({ code: 'tier-refused' });
  });

  it('a key of another type is an error that says so', async () => {
    await server.raw.lpush(partitionKey('head'), 'x');
    for (const call of [tier.heads([KEY.partition]), tier.read(KEY, LEASE), tier.put(entryOf(KEY))]) {
      await expect(call).rejects.toMatchObject({
        code: 'tier-refused',
        message: expect.stringContaining('something else writes keys that begin with lockstep:'),
      });
    }
  });
});
