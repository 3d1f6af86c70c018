import type { KeyAddress, KeyId, ScopeId } from '@lockstep/core';
import { CONTROL_PARTITION } from '@lockstep/core';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { KeydbTier } from '../src/index.ts';
import { entryOf } from './entry-of.ts';
import { KEY, NODE, TestServer } from './test-server.ts';

const WRITES = 400;
/** More than is alive at any time, and far less than was written. */
const LEFT_MAX = WRITES / 4;
const LOG_EVENTS = 100;

const key = (number: number): KeyAddress => ({ ...KEY, keyId: number.toString(16).padStart(32, '0') as KeyId });
const tag = (number: number): ScopeId => number.toString(16).padStart(32, '0') as ScopeId;

describe('what the tier keeps besides entries stays bounded', () => {
  let server: TestServer;
  let tier: KeydbTier;
  let cluster: string;

  beforeAll(async () => {
    server = await TestServer.start();
  });

  beforeEach(async () => {
    cluster = server.newCluster();
    tier = await server.open({ cluster, logMax: LOG_EVENTS, epochsKeepMs: 1 });
  });

  afterAll(async () => {
    await server.stop();
  });

  const partitionKey = (name: string): string => `lockstep:{${cluster}:${KEY.partition}}:${name}`;

  it('leases that their loaders left behind are removed by later grants', async () => {
    for (let number = 0; number < WRITES; number++) {
      const read = await tier.read(key(number), { token: `t${number}`, leaseMs: 1 });
      expect(read.lease).toBe('granted');
    }
    expect(await server.raw.hlen(partitionKey('leases'))).toBeLessThan(LEFT_MAX);
  });

  it('index members whose entries ended are removed by later writes', async () => {
    for (let number = 0; number < WRITES; number++) await tier.put(entryOf(key(number), { ttlMs: 1 }));
    expect(await server.raw.zcard(partitionKey('index:tools'))).toBeLessThan(LEFT_MAX);
  });

  it('a log keeps about as many events as it was told', async () => {
    for (let number = 0; number < WRITES; number++) await tier.clear(key(number), NODE);
    const length = await server.raw.xlen(partitionKey('log'));
    expect(length).toBeGreaterThanOrEqual(LOG_EVENTS);
    expect(length).toBeLessThan(3 * LOG_EVENTS);
  });

  it('epochs that are old enough are pruned, and the floor covers every one of them', async () => {
    const cleared = new Map<ScopeId, number>();
    for (let number = 0; number < WRITES; number++) {
      const commit = await tier.clearScope(tag(number), NODE);
      cleared.set(tag(number), commit.sequence);
    }
    const { floor, epochs } = (await tier.control()) ?? { floor: Number.NaN, epochs: [] };
    expect(epochs.length).toBeLessThan(LEFT_MAX);
    for (const { scopeId, sequence } of epochs) expect(sequence).toBe(cleared.get(scopeId));
    const kept = new Set(epochs.map(({ scopeId }) => scopeId));
    const pruned = [...cleared].filter(([scopeId]) => !kept.has(scopeId)).map(([, sequence]) => sequence);
    expect(floor).toBe(Math.max(...pruned));
  });

  it('the floor never falls', async () => {
    const floors: number[] = [];
    for (let number = 0; number < 50; number++) {
      await tier.clearScope(tag(number), NODE);
      floors.push((await tier.control())?.floor ?? Number.NaN);
    }
    expect(floors).toEqual([...floors].sort((one, other) => one - other));
    expect(floors.at(-1)).toBeGreaterThan(0);
  });

  it('an epoch that is not old enough is never pruned', async () => {
    const keeping = await server.open({ cluster: server.newCluster() });
    for (let number = 0; number < 50; number++) await keeping.clearScope(tag(number), NODE);
    expect((await keeping.control())?.epochs).toHaveLength(50);
    expect((await keeping.control())?.floor).toBe(0);
  });

  it('reads without a lease, heads and logs write nothing', async () => {
    await tier.put(entryOf(KEY));
    const changes = async (): Promise<string | undefined> =>
      /rdb_changes_since_last_save:(\d+)/.exec(await server.raw.info('persistence'))?.[1];
    const before = await changes();
    await Promise.all([tier.read(KEY), tier.read(key(1)), tier.heads([KEY.partition, CONTROL_PARTITION])]);
    await Promise.all([tier.log(KEY.partition, 0, 10), tier.control(), tier.count('tools', 16), tier.members()]);
    expect(await changes()).toBe(before);
  });

  it('at most so many calls are on their way, so many wait their turn, and one more rejects at once', async () => {
    const limited = await server.open({ inFlightMax: 2, queueMax: 1, commandTimeoutMs: 5_000 });
    server.server.pause();
    const waiting = [1, 2, 3].map(() => limited.clear(KEY, NODE));
    await expect(limited.read(KEY)).rejects.toMatchObject({
      code: 'overloaded',
      retryable: true,
      message: expect.stringContaining('1 calls wait'),
    });
    const heads = limited.heads([KEY.partition]);
    server.server.resume();
    await Promise.all([...waiting, heads]);
    await limited.read(KEY);
  });
});
