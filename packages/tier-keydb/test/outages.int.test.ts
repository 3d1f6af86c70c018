import type { Incarnation, ScopeId } from '@lockstep/core';
import { CONTROL_PARTITION, TierUnavailableError } from '@lockstep/core';
import { freePort, startRedis, waitFor } from '@lockstep/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { KeydbTier } from '../src/index.ts';
import { connectKeydb } from '../src/index.ts';
import { entryOf } from './entry-of.ts';
import { KEY, NODE, TestServer } from './test-server.ts';

const SCOPE = '7a'.repeat(16) as ScopeId;
const INCARNATION = '0f'.repeat(8) as Incarnation;
const LEASE = { token: 'token', leaseMs: 60_000 };
/** A call that rejects at once does so before this, on a busy machine too; one that waits takes 5 s and more. */
const AT_ONCE_MS = 1_000;

/** Every call of the port, by name. */
function everyCall(tier: KeydbTier): Readonly<Record<string, () => Promise<unknown>>> {
  return {
    found: () => tier.found(KEY.partition, INCARNATION),
    foundControl: () => tier.found(CONTROL_PARTITION, INCARNATION),
    settle: () => tier.settle({ partitions: 16, format: 1, secretFingerprint: 'ab', deltaMaxMs: 2_000 }),
    beat: () => tier.beat(NODE, 'nonce'),
    members: () => tier.members(),
    forget: () => tier.forget(NODE, 'nonce'),
    heads: () => tier.heads([KEY.partition, CONTROL_PARTITION]),
    read: () => tier.read(KEY, LEASE),
    fill: () => tier.fill(entryOf(KEY), LEASE.token),
    readOver: () => tier.readOver(KEY, '1', LEASE),
    put: () => tier.put(entryOf(KEY)),
    expire: () => tier.expire(KEY, NODE),
    release: () => tier.release(KEY, LEASE.token),
    clear: () => tier.clear(KEY, NODE),
    clearScope: () => tier.clearScope(SCOPE, NODE),
    log: () => tier.log(KEY.partition, 0, 10),
    control: () => tier.control(),
    count: () => tier.count('tools', 16),
    info: () => tier.info(),
  };
}

describe('when the server is away', () => {
  let server: TestServer;

  beforeEach(async () => {
    server = await TestServer.start();
  });

  afterEach(async () => {
    await server.stop();
  });

  it('every call rejects at once where there is no connection, and works once there is one', async () => {
    const port = await freePort();
    const { tier, states, connected } = server.connect({ url: `redis://127.0.0.1:${port}` });
    await waitFor(() => states.length > 0, { what: 'the refused connection' });
    for (const [name, call] of Object.entries(everyCall(tier))) {
      const startedAt = performance.now();
      await expect(call(), name).rejects.toBeInstanceOf(TierUnavailableError);
      expect(performance.now() - startedAt, name).toBeLessThan(AT_ONCE_MS);
    }
    expect(states).toEqual([{ connected: false, reason: expect.stringContaining(`ECONNREFUSED 127.0.0.1:${port}`) }]);
    const late = await startRedis({ port });
    await connected();
    for (const call of Object.values(everyCall(tier))) await call();
    await tier.close();
    await late.stop();
  });

  it('every call rejects within its time where the server is silent, and works when it speaks again', async () => {
    const tier = await server.open({ commandTimeoutMs: 250 });
    server.server.pause();
    const startedAt = performance.now();
    const failures = await Promise.all(
      Object.values(everyCall(tier)).map((call) =>
        call().then(
          () => undefined,
          (error: unknown) => error,
        ),
      ),
    );
    expect(performance.now() - startedAt).toBeGreaterThan(240);
    expect(performance.now() - startedAt).toBeLessThan(2_000);
    for (const failure of failures) {
      expect(failure).toBeInstanceOf(TierUnavailableError);
      expect(failure).toMatchObject({ message: expect.stringContaining('in 250 ms') });
    }
    server.server.resume();
    await waitFor(() => tier.put(entryOf(KEY)), { what: 'the tier to answer again' });
  });

  it('a server that stays silent has its connection dropped, and is connected to again', async () => {
    const { tier, states, connected } = server.connect({ commandTimeoutMs: 50 });
    await connected();
    server.server.pause();
    await expect(tier.read(KEY)).rejects.toBeInstanceOf(TierUnavailableError);
    await waitFor(() => states.length > 1, { what: 'the connection to be dropped' });
    expect(states[1]).toEqual({ connected: false, reason: expect.stringContaining('Socket timeout') });
    await expect(tier.read(KEY)).rejects.toThrow(/Socket timeout/);
    server.server.resume();
    await connected();
    await tier.read(KEY);
  });

  it('what waits on a connection rejects with it, long before its time is over', async () => {
    const { tier, states, connected } = server.connect({ commandTimeoutMs: 20_000 });
    await connected();
    server.server.pause();
    const waiting = Object.values(everyCall(tier)).map((call) =>
      expect(call()).rejects.toMatchObject({
        code: 'tier-unavailable',
        message: expect.stringMatching(/the connection was lost before the answer came$/),
      }),
    );
    await server.server.kill();
    await Promise.all(waiting);
    expect(states.at(-1)).toMatchObject({ connected: false });
  });

  it('a call that failed is never sent again: after a restart the server has seen none of it', async () => {
    const { tier, connected } = server.connect({ commandTimeoutMs: 20_000 });
    await connected();
    server.server.pause();
    const waiting = expect(Promise.all([tier.put(entryOf(KEY)), tier.read(KEY, LEASE)])).rejects.toThrow();
    await server.server.kill();
    await waiting;
    await server.server.restart();
    await connected();
    expect(await server.raw.dbsize()).toBe(0);
    expect(await tier.heads([KEY.partition])).toEqual([undefined]);
    expect((await server.calls()).get('evalsha')).toBeUndefined();
  });

  it('a call that is over sends no script, though the server says it does not know it', async () => {
    const tier = await server.open({ commandTimeoutMs: 100 });
    await server.raw.config('RESETSTAT');
    server.server.pause();
    await expect(tier.read(KEY, LEASE)).rejects.toBeInstanceOf(TierUnavailableError);
    server.server.resume();
    await waitFor(async () => (await server.calls()).get('evalsha') === 1, { what: 'the server to see the call' });
    await waitFor(() => tier.heads([KEY.partition]), { what: 'the tier to answer again' });
    expect((await server.calls()).get('eval')).toBeUndefined();
  });

  it('every call works after a restart that lost everything, and the history is another one', async () => {
    const { tier, states, connected } = server.connect({ commandTimeoutMs: 5_000 });
    await connected();
    const before = await tier.put(entryOf(KEY));
    await server.server.restart();
    await waitFor(() => states.some((state) => !state.connected), { what: 'the connection to be lost' });
    await connected();
    expect(await tier.heads([KEY.partition])).toEqual([undefined]);
    for (const call of Object.values(everyCall(tier))) await call();
    const after = await tier.put(entryOf(KEY));
    expect(after.incarnation).not.toBe(before.incarnation);
    expect(after.sequence).toBeGreaterThan(before.sequence);
  });

  it('every call works though the server forgets its scripts before each', async () => {
    const tier = await server.open({ commandTimeoutMs: 5_000 });
    for (const call of Object.values(everyCall(tier))) {
      await call();
      await server.raw.script('FLUSH');
      await call();
    }
    await server.raw.script('FLUSH');
    await Promise.all(Object.values(everyCall(tier)).map((call) => call()));
  });

  it('a connection that is cut comes back by itself', async () => {
    const { tier, states, connected } = server.connect({ commandTimeoutMs: 5_000 });
    await connected();
    await server.raw.call('client', 'kill', 'type', 'normal', 'skipme', 'yes');
    await waitFor(() => states.length === 3, { what: 'the connection to come back' });
    expect(states[1]).toEqual({
      connected: false,
      reason: expect.stringContaining('the server closed the connection'),
    });
    await tier.read(KEY);
  });

  it('an answer that came while this process stood still counts, though its time is over', async () => {
    const tier = await server.open({ commandTimeoutMs: 200 });
    await tier.put(entryOf(KEY));
    await tier.read(KEY);
    const reading = tier.read(KEY);
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 300);
    expect((await reading).entry).toBeDefined();
  });

  it('close rejects what waits and what comes later, and ends in bounded time where the server is silent', async () => {
    const tier = await server.open({ commandTimeoutMs: 20_000 });
    server.server.pause();
    const waiting = expect(tier.read(KEY)).rejects.toMatchObject({ code: 'closed' });
    const startedAt = performance.now();
    await tier.close();
    expect(performance.now() - startedAt).toBeLessThan(5_000);
    await waiting;
    await expect(tier.put(entryOf(KEY))).rejects.toMatchObject({ code: 'closed' });
    await tier.close();
    server.server.resume();
  });

  it('close ends the connection, also one that was never made', async () => {
    const { tier } = server.connect();
    await tier.close();
    const away = connectKeydb({ url: `redis://127.0.0.1:${await freePort()}`, cluster: 'away' });
    await away.close();
    await waitFor(async () => !String(await server.raw.client('LIST')).includes('name=lockstep'), {
      what: 'the connection to be gone',
    });
  });
});
