import type { ClusterSettings, Commit, EntryWrite, KeyAddress, KeyId, ScopeId } from '@lockstep/core';
import { CONTROL_PARTITION, encodeBody } from '@lockstep/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KeydbTier } from '../src/index.ts';
import { entryOf } from './entry-of.ts';
import { KEY, NODE, TestServer } from './test-server.ts';

/** What entries may take on the server, beside what it takes for itself, in bytes. */
const ROOM_BYTES = 2 * 1024 * 1024;
const PAYLOAD_BYTES = 8 * 1024;
/** Several times as many entries as there is room for. */
const WRITES_MAX = (4 * ROOM_BYTES) / PAYLOAD_BYTES;
const NAMESPACE = KEY.namespace;
const PARTITIONS = 2;
const LEASE = { token: 'token', leaseMs: 600_000 };
const SCOPE = '7a'.repeat(16) as ScopeId;
const SETTINGS: ClusterSettings = { partitions: PARTITIONS, format: 1, secretFingerprint: 'ab', deltaMaxMs: 2_000 };
const BODY = encodeBody({
  codec: 0,
  packing: 0,
  graceMs: 0,
  tags: [],
  payload: new Uint8Array(PAYLOAD_BYTES).fill(120),
});

const key = (number: number): KeyAddress => ({
  partition: number % PARTITIONS,
  namespace: NAMESPACE,
  keyId: number.toString(16).padStart(32, '0') as KeyId,
});
const large = (number: number): EntryWrite => entryOf(key(number), { body: BODY, ttlMs: 3_600_000 });
/** A key of its own, of which nothing is written. */
const LEASED = key(1_000_000);

describe('when entries fill the memory of the server', () => {
  let server: TestServer;
  let tier: KeydbTier;

  beforeEach(async () => {
    server = await TestServer.start();
    tier = await server.open();
  });

  afterEach(async () => {
    await server.stop();
  });

  /** From now on the server has this much room, and does this where it is used up. */
  const limitMemory = async (policy: string): Promise<void> => {
    await server.raw.config('SET', 'maxmemory-policy', policy);
    const usedBytes = (await tier.info()).usedMemoryBytes;
    await server.raw.config('SET', 'maxmemory', usedBytes + ROOM_BYTES);
  };

  const evicted = async (): Promise<number> =>
    Number(/^evicted_keys:(\d+)/m.exec(await server.raw.info('stats'))?.[1] ?? Number.NaN);

  /** Numbers of the entries that are there, of the first so many. */
  const present = async (written: number): Promise<number[]> => {
    const numbers = Array.from({ length: written }, (_, number) => number);
    const reads = await Promise.all(numbers.map((number) => tier.read(key(number))));
    return numbers.filter((number) => reads[number]?.entry !== undefined);
  };

  describe('and it evicts', () => {
    const commits: Commit[] = [];

    const fillUntilEvicted = async (least: number): Promise<void> => {
      await limitMemory('volatile-lru');
      commits.length = 0;
      while ((await evicted()) < least) {
        expect(commits.length).toBeLessThan(WRITES_MAX);
        commits.push(await tier.put(large(commits.length)));
      }
    };

    it('entries go, and heads, links, leases, epochs, members, settings and the index stay', async () => {
      await tier.settle(SETTINGS);
      await tier.beat(NODE, 'nonce');
      const cleared = await tier.clearScope(SCOPE, NODE);
      await tier.found(LEASED.partition, cleared.incarnation);
      expect((await tier.read(LEASED, LEASE)).lease).toBe('granted');
      const control = await tier.control();

      await fillUntilEvicted(100);
      const there = await present(commits.length);
      expect(there.length).toBeLessThanOrEqual(commits.length - 100);

      for (let partition = 0; partition < PARTITIONS; partition++) {
        const own = commits.filter((_, number) => key(number).partition === partition);
        const log = await tier.log(partition, 0, commits.length);
        expect(log.map(({ sequence, previous }) => ({ sequence, previous }))).toEqual(
          own.map(({ sequence, previous }) => ({ sequence, previous })),
        );
        expect(await tier.heads([partition])).toMatchObject([{ sequence: own.at(-1)?.sequence }]);
      }
      expect(await tier.count(NAMESPACE, PARTITIONS)).toBe(commits.length);
      expect(await tier.heads([CONTROL_PARTITION])).toMatchObject([{ sequence: cleared.sequence }]);
      expect(await tier.control()).toEqual(control);
      expect(await tier.members()).toEqual({ incarnation: cleared.incarnation, nonces: new Map([[NODE, 'nonce']]) });
      expect(await tier.settle({ ...SETTINGS, format: 2 })).toEqual(SETTINGS);
      expect((await tier.read(LEASED, { ...LEASE, token: 'other' })).lease).toBe('wait');
      expect(await tier.fill(entryOf(LEASED), LEASE.token)).toMatchObject({ outcome: 'silent', waiters: true });
    });

    it('the fill of an entry that went is loud, of one that was cleared silent, and counts stay exact', async () => {
      await fillUntilEvicted(20);
      const there = new Set(await present(commits.length));
      const [gone = Number.NaN, clearedGone = Number.NaN] = [...commits.keys()].filter((number) => !there.has(number));
      await tier.clear(key(clearedGone), NODE);
      expect(await tier.count(NAMESPACE, PARTITIONS)).toBe(commits.length - 1);
      const fill = async (number: number): Promise<string> => {
        expect((await tier.read(key(number), { ...LEASE, token: `token-${number}` })).lease).toBe('granted');
        return (await tier.fill(large(number), `token-${number}`)).outcome;
      };
      expect(await fill(gone)).toBe('loud');
      expect(await fill(clearedGone)).toBe('silent');
      expect(await tier.count(NAMESPACE, PARTITIONS)).toBe(commits.length);
    });
  });

  describe('and it evicts nothing', () => {
    /** Puts until one is refused; answers how many were taken. */
    const fillUntilRefused = async (): Promise<number> => {
      await limitMemory('noeviction');
      for (let number = 0; number < WRITES_MAX; number++) {
        const refusal = await tier.put(large(number)).then(
          () => undefined,
          (error: unknown) => error,
        );
        if (refusal === undefined) continue;
        expect(refusal).toMatchObject({ code: 'tier-refused', retryable: true, message: expect.stringMatching('OOM') });
        return number;
      }
      throw new Error('the memory of the server does not fill');
    };

    it('a put or a fill that is refused leaves nothing, and a lease that it had', async () => {
      const taken = await fillUntilRefused();
      const partitions = Array.from({ length: PARTITIONS }, (_, partition) => partition);
      const heads = await tier.heads(partitions);
      expect((await tier.read(LEASED, LEASE)).lease).toBe('granted');
      await expect(tier.fill({ ...large(0), ...LEASED }, LEASE.token)).rejects.toMatchObject({ code: 'tier-refused' });
      await expect(tier.put(large(0))).rejects.toMatchObject({ code: 'tier-refused' });
      expect(await present(taken + 1)).toHaveLength(taken);
      expect((await tier.read(LEASED)).entry).toBeUndefined();
      expect((await tier.read(LEASED, { ...LEASE, token: 'other' })).lease).toBe('wait');
      expect(await tier.heads(partitions)).toEqual(heads);
      expect(await tier.count(NAMESPACE, PARTITIONS)).toBe(taken);
      expect(await evicted()).toBe(0);
    });

    it('every entry can be expired and cleared, and where there is room again, puts and fills are taken', async () => {
      const taken = await fillUntilRefused();
      for (let number = 0; number < taken; number++) await tier.expire(key(number), NODE);
      await tier.clearScope(SCOPE, NODE);
      expect((await tier.read(LEASED, LEASE)).lease).toBe('granted');
      for (let number = 0; number < taken; number++) await tier.clear(key(number), NODE);
      expect(await present(taken)).toEqual([]);
      expect(await tier.count(NAMESPACE, PARTITIONS)).toBe(0);
      await tier.put(large(0));
      expect(await tier.fill(entryOf(LEASED), LEASE.token)).toMatchObject({ outcome: 'silent' });
    });
  });
});
