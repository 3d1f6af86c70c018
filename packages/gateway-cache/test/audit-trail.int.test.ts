import type { ChaosProxy, RunningServer } from '@lockstep/testkit';
import { journalContract, RecordingLogger, silentLogger, startProxy, startRedis, waitFor } from '@lockstep/testkit';
import type { KeydbTier } from '@lockstep/tier-keydb';
import { connectKeydb } from '@lockstep/tier-keydb';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { AuditEntry, AuditRecord, Fault, Recorded } from '../src/index.ts';
import { AuditTrail, MemoryJournal, PENDING_RECORDS_MAX } from '../src/index.ts';

const SECRET = 'a secret of a cluster, of some length';
const AT = '2026-11-26T12:00:00.000Z';
const JOURNAL = (cluster: string): string => `lockstep:{${cluster}:ctl}:journal`;

journalContract(async () => {
  const journal = new MemoryJournal();
  return { join: async () => journal, close: async () => {} };
});

const clearOf = (scope: string): AuditEntry => ({
  actor: 'admin:ops',
  action: 'clear',
  scope: { tag: scope },
  reason: 'a leaked credential',
  outcome: [{ sequence: 1 }],
});

describe('the audit trail of several nodes', () => {
  let redis: RunningServer;
  let raw: Redis;
  let cluster = '';
  let clusters = 0;
  const tiers: KeydbTier[] = [];

  beforeAll(async () => {
    redis = await startRedis();
    raw = new Redis(redis.url);
  });

  afterAll(async () => {
    await Promise.all(tiers.map((tier) => tier.close()));
    raw.disconnect();
    await redis.stop();
  });

  beforeEach(() => {
    clusters++;
    cluster = `audit-${clusters}`;
  });

  async function trailOf(node: string, { secret = SECRET, url = redis.url } = {}): Promise<AuditTrail> {
    let isConnected = false;
    const onState = (state: { readonly connected: boolean }): void => {
      isConnected = state.connected;
    };
    const tier = connectKeydb({ url, cluster, onState });
    tiers.push(tier);
    await waitFor(() => isConnected, { what: 'the tier to connect' });
    return new AuditTrail({ journal: tier.journal, secret, node, wallClock: () => AT, logger: silentLogger });
  }

  const numberOf = (recorded: Recorded): number => (recorded.audit === 'recorded' ? recorded.number : 0);

  it('is one chain, whoever appends to it at the same moment', async () => {
    const trails = await Promise.all(['n1', 'n2', 'n3'].map((node) => trailOf(node)));
    const writing = trails.flatMap((trail, at) =>
      Array.from({ length: 20 }, (_, turn) => trail.record(clearOf(`${at}-${turn}`))),
    );
    const numbers = (await Promise.all(writing)).map(numberOf).sort((left, right) => left - right);
    expect(numbers).toEqual(Array.from({ length: 60 }, (_, at) => at + 1));
    for (const trail of trails) {
      expect(await trail.verify()).toMatchObject({
        ok: true,
        first: 1,
        newest: 60,
        newestHash: expect.stringMatching(/^[0-9a-f]{64}$/),
      });
    }
    const records = (await trails[0]?.read(1, 100)) as readonly AuditRecord[];
    expect(new Set(records.map(({ node }) => node))).toEqual(new Set(['n1', 'n2', 'n3']));
    // Of one node in its own order.
    expect(records.filter(({ node }) => node === 'n2').map(({ scope }) => (scope as { tag: string }).tag)).toEqual(
      Array.from({ length: 20 }, (_, turn) => `1-${turn}`),
    );
    expect(records[0]).toMatchObject({ ...clearOf('x'), scope: expect.anything(), at: AT, number: 1 });
  });

  it('tells the tier nothing of who did what', async () => {
    const trail = await trailOf('n1');
    await trail.record(clearOf('a-telling-name'));
    const stored = JSON.stringify(await raw.hgetall(JOURNAL(cluster)));
    expect(stored.length).toBeGreaterThan(200);
    for (const word of ['ops', 'leaked', 'a-telling-name', 'clear']) expect(stored).not.toContain(word);
    const other = await trailOf('n2', { secret: 'another secret, of some length too' });
    expect(await other.read(1, 1)).toEqual([{ number: 1, damage: 'not the record that was written' }]);
  });

  it.each<[string, () => Promise<unknown>, { number: number; fault: Fault; problem: string }]>([
    [
      'a record is changed',
      async () => raw.hset(JOURNAL(cluster), '2', Buffer.from('changed')),
      { number: 2, fault: 'changed', problem: 'it is not the record that was written' },
    ],
    [
      'a bit of one is changed',
      () => flipped('2'),
      { number: 2, fault: 'changed', problem: 'it is not the record that was written' },
    ],
    [
      'one is taken out',
      async () => raw.hdel(JOURNAL(cluster), '2'),
      { number: 2, fault: 'missing', problem: 'it is missing' },
    ],
    [
      'one is put in the place of another',
      () => copied('1', '2'),
      { number: 2, fault: 'changed', problem: 'it is not the record that was written' },
    ],
    [
      'the newest are cut off',
      async () => raw.hset(JOURNAL(cluster), 'newest', '2'),
      { number: 2, fault: 'truncated', problem: 'the trail ends here' },
    ],
    [
      'all are gone',
      async () => raw.del(JOURNAL(cluster)),
      { number: 0, fault: 'truncated', problem: 'the trail ends here' },
    ],
  ])('sees where %s, and tells the place', async (_, tamper, { number, fault, problem }) => {
    const trail = await trailOf('n1');
    for (const scope of ['a', 'b', 'c', 'd']) await trail.record(clearOf(scope));
    expect(await trail.verify()).toMatchObject({ ok: true, newest: 4 });
    await tamper();
    expect(await trail.verify()).toEqual({
      ...{ ok: false, first: 1, number, fault },
      problem: expect.stringContaining(problem),
    });
  });

  it('sees where somebody who has the secret has written another end', async () => {
    const trail = await trailOf('n1');
    for (const scope of ['a', 'b', 'c']) await trail.record(clearOf(scope));
    await raw.hset(JOURNAL(cluster), 'newest', '2');
    const forger = await trailOf('forger');
    await forger.record(clearOf('another c'));
    expect(await forger.verify()).toMatchObject({ ok: true });
    expect(await trail.verify()).toEqual({
      ok: false,
      number: 3,
      first: 1,
      fault: 'changed',
      problem: 'it is another one than this node has seen',
    });
  });

  it('goes on after a record that is damaged, and still tells of it', async () => {
    const trail = await trailOf('n1');
    await trail.record(clearOf('a'));
    await flipped('1');
    expect(await trail.record(clearOf('b'))).toMatchObject({ audit: 'recorded', number: 2 });
    expect(await trail.read(1, 2)).toEqual([
      { number: 1, damage: 'not the record that was written' },
      expect.objectContaining({ number: 2 }),
    ]);
    expect(await trail.verify()).toMatchObject({ ok: false, number: 1 });
  });

  it('keeps what is done while the tier is away, and writes it down in order when it is back, each once', async () => {
    const proxy: ChaosProxy = await startProxy({ target: redis.url });
    const trail = await trailOf('n1', { url: proxy.url });
    await trail.record(clearOf('before'));
    proxy.cut();
    const waiting = await Promise.all([trail.record(clearOf('first')), trail.record(clearOf('second'))]);
    expect(waiting).toEqual([{ audit: 'pending' }, { audit: 'pending' }]);
    expect([trail.pending, await trail.flush()]).toEqual([2, false]);
    proxy.restore();
    await waitFor(() => trail.flush(), { what: 'the records to be written' });
    const records = (await trail.read(1, 10)) as readonly AuditRecord[];
    expect(records.map(({ scope }) => (scope as { tag: string }).tag)).toEqual(['before', 'first', 'second']);
    expect(await trail.verify()).toMatchObject({ ok: true, newest: 3 });
    await proxy.close();
  });

  async function flipped(number: string): Promise<void> {
    const bytes = (await raw.hgetBuffer(JOURNAL(cluster), number)) as Buffer;
    bytes[bytes.length - 1] = (bytes[bytes.length - 1] as number) ^ 1;
    await raw.hset(JOURNAL(cluster), number, bytes);
  }

  async function copied(from: string, to: string): Promise<void> {
    await raw.hset(JOURNAL(cluster), to, (await raw.hgetBuffer(JOURNAL(cluster), from)) as Buffer);
  }
});

it('a record whose answer was lost is not written twice', async () => {
  const journal = new MemoryJournal();
  let isLosing = true;
  const { TierUnavailableError } = await import('@lockstep/core');
  const losing = {
    newest: () => journal.newest(),
    read: (from: number, limit: number) => journal.read(from, limit),
    append: async (record: Parameters<MemoryJournal['append']>[0]) => {
      const appended = await journal.append(record);
      if (isLosing) throw new TierUnavailableError('no answer');
      return appended;
    },
  };
  const trail = new AuditTrail({
    journal: losing,
    secret: SECRET,
    node: 'n1',
    wallClock: () => AT,
    logger: silentLogger,
  });
  expect(await trail.record(clearOf('a'))).toEqual({ audit: 'pending' });
  isLosing = false;
  expect(await trail.flush()).toBe(true);
  expect(await trail.verify()).toMatchObject({ ok: true, newest: 1 });
});

it('more records than may wait are lost, counted and told of', async () => {
  const { TierUnavailableError } = await import('@lockstep/core');
  const away = () => Promise.reject(new TierUnavailableError('away'));
  const logger = new RecordingLogger();
  const trail = new AuditTrail({
    journal: { newest: away, read: away, append: away },
    secret: SECRET,
    node: 'n1',
    wallClock: () => AT,
    logger,
  });
  await Promise.all(Array.from({ length: PENDING_RECORDS_MAX }, () => trail.record(clearOf('a'))));
  expect(await trail.record(clearOf('one more'))).toEqual({ audit: 'lost' });
  expect([trail.pending, trail.lost]).toEqual([PENDING_RECORDS_MAX, 1]);
  expect(logger.entries.some(({ message }) => message.includes('lost'))).toBe(true);
});

it('whatever keeps a record from being written, who asked for it is told, and the log once', async () => {
  const broken = () => Promise.reject(new TypeError('a bug of the journal'));
  const logger = new RecordingLogger();
  const journal = { newest: broken, read: broken, append: broken };
  const trail = new AuditTrail({ journal, secret: SECRET, node: 'n1', wallClock: () => AT, logger });
  expect(await trail.record(clearOf('a'))).toEqual({ audit: 'pending' });
  expect(await trail.record(clearOf('b'))).toEqual({ audit: 'pending' });
  expect(await trail.flush()).toBe(false);
  expect(logger.entries.map(({ level }) => level)).toEqual(['warn']);
});
