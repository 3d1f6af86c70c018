import type { Commit, ScopeId } from '@lockstep/core';
import { CONTROL_PARTITION } from '@lockstep/core';
import type { RunningServer } from '@lockstep/testkit';
import { startRedis, waitFor } from '@lockstep/testkit';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KeydbTier } from '../src/index.ts';
import { entryOf } from './entry-of.ts';
import { KEY, limitedUser, NODE, TestServer, urlOfLimitedUser } from './test-server.ts';

const SCOPE = '7a'.repeat(16) as ScopeId;
/** Long enough that a replica which lives answers on a busy machine. */
const PATIENT = { replicas: 1, timeoutMs: 5_000 };
const BRIEF = { replicas: 1, timeoutMs: 400 };
/** How much later than its time an answer may come on a busy machine. */
const SLACK_MS = 1_000;

describe('a primary with a replica', () => {
  let server: TestServer;
  let replica: RunningServer;
  /** Speaks to the replica itself. */
  let copy: Redis;

  beforeEach(async () => {
    server = await TestServer.start({ args: [...limitedUser(), '--repl-diskless-sync-delay', '0'] });
    replica = await startRedis({ args: ['--replicaof', server.server.host, String(server.server.port)] });
    copy = new Redis({ host: replica.host, port: replica.port, protocol: 2, disableClientInfo: true });
    copy.on('error', () => {});
    await waitFor(async () => (await server.raw.info('replication')).includes('state=online'), { what: 'the replica' });
  });

  afterEach(async () => {
    copy.disconnect();
    await server.stop();
    await replica.stop();
  });

  /** A tier that has its connection for WAIT, on a server that has counted nothing yet. */
  async function primed(): Promise<KeydbTier> {
    const tier = await server.open();
    expect(await tier.replicated(KEY.partition, await tier.clear(KEY, NODE), PATIENT)).toBe(1);
    await server.raw.config('RESETSTAT');
    return tier;
  }

  async function isWaiting(): Promise<boolean> {
    return ((await server.calls()).get('wait') ?? 0) > 0;
  }

  /** How many connections of nodes the server has. */
  async function connections(): Promise<number> {
    return String(await server.raw.client('LIST')).split('name=lockstep').length - 1;
  }

  async function isOnReplica({ sequence }: Commit, partition: number | 'ctl' = KEY.partition): Promise<boolean> {
    const [log] = await copy.keys(`lockstep:{test-?:${partition}}:log`);
    return log !== undefined && (await copy.xrange(log, `${sequence}-0`, `${sequence}-0`)).length === 1;
  }

  async function cutConnections(): Promise<void> {
    await server.raw.call('client', 'kill', 'type', 'normal', 'skipme', 'yes');
  }

  it.each([
    ['put', (tier: KeydbTier) => tier.put(entryOf(KEY))],
    ['clear', (tier: KeydbTier) => tier.clear(KEY, NODE)],
    ['expire', (tier: KeydbTier) => tier.expire(KEY, NODE)],
  ])('the event of a %s is on the replica when it is said to be', async (_, write) => {
    const tier = await server.open({ url: urlOfLimitedUser(server.server) });
    const commit = await write(tier);
    expect(await tier.replicated(KEY.partition, commit, PATIENT)).toBe(1);
    expect(await isOnReplica(commit)).toBe(true);
  });

  it('so is that of a scope clear', async () => {
    const tier = await server.open();
    const commit = await tier.clearScope(SCOPE, NODE);
    expect(await tier.replicated(CONTROL_PARTITION, commit, PATIENT)).toBe(1);
    expect(await isOnReplica(commit, 'ctl')).toBe(true);
  });

  it('a replica that stands still is not counted, and the answer comes when the time is over', async () => {
    const tier = await primed();
    replica.pause();
    const commit = await tier.clear(KEY, NODE);
    const startedMs = performance.now();
    expect(await tier.replicated(KEY.partition, commit, BRIEF)).toBe(0);
    const tookMs = performance.now() - startedMs;
    expect(tookMs).toBeGreaterThan(BRIEF.timeoutMs - 10);
    expect(tookMs).toBeLessThan(BRIEF.timeoutMs + SLACK_MS);
    replica.resume();
    expect(await tier.replicated(KEY.partition, commit, PATIENT)).toBe(1);
  });

  it('a replica that goes on within the time is counted, and fewer than wanted are told when it is over', async () => {
    const tier = await primed();
    replica.pause();
    const commit = await tier.clear(KEY, NODE);
    const counting = tier.replicated(KEY.partition, commit, PATIENT);
    await waitFor(isWaiting, { what: 'the WAIT' });
    replica.resume();
    expect(await counting).toBe(1);
    expect(await tier.replicated(KEY.partition, commit, { ...BRIEF, replicas: 2 })).toBe(1);
  });

  it('a commit waits for no WAIT of another, and both are answered in their time', async () => {
    const tier = await primed();
    const wanted = { replicas: 1, timeoutMs: 2_000 };
    replica.pause();
    const first = await tier.clear(KEY, NODE);
    const counting = tier.replicated(KEY.partition, first, wanted);
    await waitFor(isWaiting, { what: 'the first round' });
    const startedMs = performance.now();
    const second = await tier.clear(KEY, NODE);
    const committedMs = performance.now();
    expect(committedMs - startedMs).toBeLessThan(wanted.timeoutMs / 4);
    expect(await tier.replicated(KEY.partition, second, wanted)).toBe(0);
    expect(performance.now() - committedMs).toBeLessThan(wanted.timeoutMs + SLACK_MS);
    expect(await counting).toBe(0);
    replica.resume();
  });

  it('commits made at the same time share their WAITs', async () => {
    const tier = await primed();
    const writes = 200;
    const counts = await Promise.all(
      Array.from({ length: writes }, async () => {
        return tier.replicated(KEY.partition, await tier.clear(KEY, NODE), PATIENT);
      }),
    );
    expect(counts).toEqual(Array.from({ length: writes }, () => 1));
    expect((await server.calls()).get('wait')).toBeLessThan(writes / 4);
  });

  it('a connection that is lost between commit and WAIT is made anew, and what is answered is still true', async () => {
    const tier = await server.open();
    const before = await tier.clear(KEY, NODE);
    expect(await tier.replicated(KEY.partition, before, PATIENT)).toBe(1);
    await cutConnections();
    expect(await tier.replicated(KEY.partition, before, PATIENT)).toBe(1);
    replica.pause();
    const counting = tier.replicated(
      KEY.partition,
      await waitFor(() => tier.clear(KEY, NODE), { what: 'a clear' }),
      PATIENT,
    );
    await cutConnections();
    replica.resume();
    expect(await counting).toBe(1);
  });

  it('a commit that the server lost, where a later one took its place, is on no replica', async () => {
    const tier = await server.open();
    const lost = await tier.clear(KEY, NODE);
    await server.raw.flushall();
    await tier.clear(KEY, NODE);
    expect(await tier.replicated(KEY.partition, lost, PATIENT)).toBe(0);
  });

  it('rejects in its time where the server is silent, at once where it refuses, and after close', async () => {
    const tier = await server.open({ url: urlOfLimitedUser(server.server) });
    const commit = await tier.clear(KEY, NODE);
    await server.raw.call('acl', 'setuser', 'lockstep', '-wait');
    await expect(tier.replicated(KEY.partition, commit, PATIENT)).rejects.toMatchObject({
      code: 'tier-refused',
      message: expect.stringMatching(/NOPERM.*ACL rule in the README/),
    });
    server.server.pause();
    const startedMs = performance.now();
    await expect(tier.replicated(KEY.partition, commit, BRIEF)).rejects.toMatchObject({ code: 'tier-unavailable' });
    expect(performance.now() - startedMs).toBeLessThan(BRIEF.timeoutMs + SLACK_MS);
    const waiting = expect(tier.replicated(KEY.partition, commit, PATIENT)).rejects.toMatchObject({ code: 'closed' });
    await tier.close();
    await waiting;
    await expect(tier.replicated(KEY.partition, commit, PATIENT)).rejects.toMatchObject({ code: 'closed' });
    server.server.resume();
  });

  it('nobody who does not ask has a second connection, a WAIT or a mark', async () => {
    const tier = await server.open();
    const commit = await tier.clear(KEY, NODE);
    await tier.heads([KEY.partition]);
    expect([await connections(), (await server.calls()).get('wait')]).toEqual([1, undefined]);
    expect(await server.raw.keys('*:mark')).toEqual([]);
    await tier.replicated(KEY.partition, commit, PATIENT);
    expect([await connections(), (await server.calls()).get('wait')]).toEqual([2, 1]);
  });
});
