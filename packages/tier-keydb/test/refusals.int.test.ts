import { inspect } from 'node:util';
import type { ScopeId } from '@lockstep/core';
import { CONTROL_PARTITION } from '@lockstep/core';
import { freePort, waitFor } from '@lockstep/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { entryOf } from './entry-of.ts';
import { KEY, limitedUserRules, NODE, TestServer, urlOfLimitedUser } from './test-server.ts';

const SCOPE = '7a'.repeat(16) as ScopeId;
const LEASE = { token: 'token-marker', leaseMs: 60_000 };

function refused(word: string, advice: string): object {
  return { code: 'tier-refused', message: expect.stringMatching(`${word}.*${advice}`) };
}

describe('when the server refuses', () => {
  let server: TestServer;

  beforeEach(async () => {
    server = await TestServer.start();
  });

  afterEach(async () => {
    await server.stop();
  });

  it('a wrong password is told to every caller, without the password, and a right one later connects', async () => {
    await server.raw.config('SET', 'requirepass', 'right-password');
    await server.raw.auth('right-password');
    const url = `redis://:wrong-password@${server.server.host}:${server.server.port}`;
    const { tier, states, connected } = server.connect({ url });
    await waitFor(() => states.length > 0, { what: 'the refused connection' });
    const error = await tier.read(KEY).catch((failure: unknown) => failure);
    expect(error).toMatchObject(refused('WRONGPASS', 'user or password in the URL is wrong'));
    expect(inspect([error, states], { depth: 10 })).not.toContain('wrong-password');
    await server.raw.config('SET', 'requirepass', 'wrong-password');
    await connected();
    await tier.read(KEY);
  });

  it('a missing password is told to every caller', async () => {
    await server.raw.config('SET', 'requirepass', 'right-password');
    const { tier, states } = server.connect();
    await waitFor(() => states.length > 0, { what: 'the refused connection' });
    await expect(tier.read(KEY)).rejects.toMatchObject(refused('NOAUTH', 'put it into the URL'));
    expect(states).toEqual([{ connected: false, reason: expect.stringContaining('NOAUTH') }]);
  });

  it('a user who may not do it, or a step of it, is named the rule, and no argument leaves in the error', async () => {
    await server.raw.call('acl', 'setuser', 'lockstep', 'reset', ...limitedUserRules());
    const tier = await server.open({ url: urlOfLimitedUser(server.server) });
    for (const taken of [['-xadd'], ['-evalsha', '-eval']]) {
      await server.raw.call('acl', 'setuser', 'lockstep', ...taken);
      const error = await tier.put(entryOf(KEY)).catch((failure: unknown) => failure);
      expect(error).toMatchObject({ code: 'tier-refused', message: expect.stringContaining('ACL rule in the README') });
      expect(inspect(error, { depth: 10 })).not.toContain('payload-marker');
    }
  });

  it('a replica is refused by heads, as by every write, until it is the primary', async () => {
    const { tier, states, connected } = server.connect();
    await connected();
    await tier.put(entryOf(KEY));
    await server.raw.call('replicaof', '127.0.0.1', String(await freePort()));
    await expect(tier.heads([KEY.partition, CONTROL_PARTITION])).rejects.toMatchObject(
      refused('READONLY', 'point the URL at the primary'),
    );
    // The address may lead elsewhere by now: the connection is made anew.
    await waitFor(() => states.length === 3, { what: 'another connection' });
    expect(states[1]).toEqual({ connected: false, reason: expect.stringContaining('READONLY') });
    await expect(tier.clear(KEY, NODE)).rejects.toMatchObject(refused('READONLY', 'point the URL at the primary'));
    await server.raw.call('replicaof', 'no', 'one');
    await waitFor(() => tier.heads([KEY.partition]), { what: 'heads of the primary' });
  });

  it('an isolated primary is refused by heads: its plain write voids what was read', async () => {
    const tier = await server.open();
    await tier.put(entryOf(KEY));
    await server.raw.config('SET', 'min-replicas-to-write', 1);
    await expect(tier.heads([KEY.partition])).rejects.toMatchObject(refused('NOREPLICAS', 'min-replicas-to-write'));
    expect((await tier.read(KEY)).entry).toBeDefined();
    await server.raw.config('SET', 'min-replicas-to-write', 0);
    expect((await tier.heads([KEY.partition]))[0]).toBeDefined();
  });

  it('without memory, values are refused and nothing of them is stored; what coherence needs still works', async () => {
    const tier = await server.open();
    const before = await tier.put(entryOf(KEY));
    await server.raw.config('SET', 'maxmemory', 1);
    await expect(tier.put(entryOf(KEY))).rejects.toMatchObject(refused('OOM', 'raise maxmemory'));
    expect(await tier.heads([KEY.partition])).toEqual([{ incarnation: before.incarnation, sequence: before.sequence }]);
    expect(await tier.expire(KEY, NODE)).toMatchObject({ previous: before.sequence });
    const cleared = await tier.clear(KEY, NODE);
    expect((await tier.read(KEY, LEASE)).lease).toBe('granted');
    expect((await tier.read(KEY, { ...LEASE, token: 'other' })).lease).toBe('wait');
    await expect(tier.fill(entryOf(KEY), LEASE.token)).rejects.toMatchObject(refused('OOM', 'raise maxmemory'));
    expect(await tier.release(KEY, LEASE.token)).toEqual({ waiters: true });
    expect(await tier.heads([KEY.partition])).toMatchObject([{ sequence: cleared.sequence }]);
    const scope = await tier.clearScope(SCOPE, NODE);
    expect(await tier.clearScope(SCOPE, NODE)).toMatchObject({ previous: scope.sequence });
    await tier.settle({ partitions: 16, format: 1, secretFingerprint: 'ab', deltaMaxMs: 2_000 });
    await tier.beat(NODE, 'nonce');
    expect([...(await tier.members()).nonces.keys()]).toEqual([NODE]);
    await tier.found(5, before.incarnation);
  });

  it('says which eviction policy is in force, and whether it takes what has no TTL', async () => {
    const tier = await server.open();
    await tier.put(entryOf(KEY));
    const info = await tier.info();
    expect(info).toMatchObject({ evictionPolicy: 'noeviction', evictsMetadata: false });
    expect(info.version).toMatch(/^\d+\.\d+\.\d+/);
    expect(info.usedMemoryBytes).toBeGreaterThan(100_000);
    expect(info.keys).toBe(await server.raw.dbsize());
    await server.raw.config('SET', 'maxmemory-policy', 'allkeys-lru');
    expect(await tier.info()).toMatchObject({ evictionPolicy: 'allkeys-lru', evictsMetadata: true });
    await server.raw.config('SET', 'maxmemory-policy', 'volatile-lru');
    expect(await tier.info()).toMatchObject({ evictionPolicy: 'volatile-lru', evictsMetadata: false });
  });
});
