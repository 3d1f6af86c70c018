import type { Incarnation, ScopeId } from '@lockstep/core';
import { CONTROL_PARTITION } from '@lockstep/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KeydbTier } from '../src/index.ts';
import { entryOf } from './entry-of.ts';
import { KEY, NODE, TestServer } from './test-server.ts';

const TAG = '7a'.repeat(16) as ScopeId;
const OTHER_TAG = '7b'.repeat(16) as ScopeId;
const FIRST = '0f'.repeat(8) as Incarnation;
const SECOND = '1f'.repeat(8) as Incarnation;
const LEASE = { token: 'token', leaseMs: 60_000 };
const SETTINGS = { partitions: 16, format: 1, secretFingerprint: 'ab', deltaMaxMs: 2_000 };

describe('where a head alone is lost, its next one begins a history that knows nothing of the last', () => {
  let server: TestServer;
  let tier: KeydbTier;
  let cluster: string;

  beforeAll(async () => {
    server = await TestServer.start();
  });

  beforeEach(async () => {
    cluster = server.newCluster();
    tier = await server.open({ cluster });
  });

  afterAll(async () => {
    await server.stop();
  });

  const partitionKey = (name: string): string => `lockstep:{${cluster}:${KEY.partition}}:${name}`;
  const controlKey = (name: string): string => `lockstep:{${cluster}:ctl}:${name}`;
  const loseHead = async (): Promise<void> => {
    await server.raw.del(partitionKey('head'));
    await server.raw.hdel(controlKey('control'), 'head');
  };

  it('the log of a data partition begins anew, whoever makes the head', async () => {
    const makers = [() => tier.found(KEY.partition, SECOND), () => tier.clear(KEY, NODE), () => tier.put(entryOf(KEY))];
    for (const make of makers) {
      const before = await tier.clear(KEY, NODE);
      await loseHead();
      const made = await make();
      expect(made.incarnation).not.toBe(before.incarnation);
      expect(made.sequence).toBeGreaterThan(before.sequence);
      const left = await tier.log(KEY.partition, 0, 10);
      expect(left.map((record) => record.sequence)).toEqual(makers.indexOf(make) === 0 ? [] : [made.sequence]);
    }
  });

  it('a lease taken in the last history fills nothing in this one', async () => {
    await tier.found(KEY.partition, FIRST);
    expect((await tier.read(KEY, LEASE)).lease).toBe('granted');
    await loseHead();
    await tier.found(KEY.partition, SECOND);
    expect(await tier.fill(entryOf(KEY), LEASE.token)).toMatchObject({ outcome: 'rejected' });
  });

  it('an entry that stayed may be read, and then evicted: its next fill is loud, because the index stays too', async () => {
    await tier.put(entryOf(KEY));
    await loseHead();
    await tier.clear({ ...KEY, keyId: entryOf(KEY).keyId.replace('0e', '0d') as typeof KEY.keyId }, NODE);
    expect((await tier.read(KEY)).entry).toBeDefined();
    await server.raw.del(partitionKey(`entry:${KEY.keyId}`));
    await tier.read(KEY, LEASE);
    expect(await tier.fill(entryOf(KEY), LEASE.token)).toMatchObject({ outcome: 'loud' });
  });

  it('epochs, floor and log of the control partition begin anew, and the settings stay', async () => {
    for (const make of [() => tier.found(CONTROL_PARTITION, SECOND), () => tier.clearScope(OTHER_TAG, NODE)]) {
      await tier.settle(SETTINGS);
      await tier.clearScope(TAG, NODE);
      await server.raw.hset(controlKey('control'), 'floor', '12');
      await loseHead();
      const made = await make();
      const control = await tier.control();
      expect(control).toMatchObject({ head: { incarnation: made.incarnation, sequence: made.sequence }, floor: 0 });
      expect(control?.epochs.map(({ scopeId }) => scopeId)).not.toContain(TAG);
      const left = await tier.log(CONTROL_PARTITION, 0, 10);
      expect(left.every((record) => record.sequence >= made.sequence)).toBe(true);
      expect(await tier.settle({ ...SETTINGS, format: 2 })).toEqual(SETTINGS);
    }
  });

  it('sequences rise by one where the clock of the tier has been set back', async () => {
    const ahead = 2 ** 52;
    await server.raw.set(partitionKey('head'), `${FIRST}:${ahead}`);
    await server.raw.hset(controlKey('control'), 'head', `${FIRST}:${ahead}`);
    for (const commit of [() => tier.clear(KEY, NODE), () => tier.clearScope(TAG, NODE)]) {
      expect(await commit()).toEqual({ incarnation: FIRST, sequence: ahead + 1, previous: ahead });
      expect(await commit()).toEqual({ incarnation: FIRST, sequence: ahead + 2, previous: ahead + 1 });
    }
  });
});
