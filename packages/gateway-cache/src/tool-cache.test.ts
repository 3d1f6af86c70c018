import type { Lockstep } from '@lockstep/cache';
import { openLockstep } from '@lockstep/cache';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DiscoveredTools, ServerRef } from './index.ts';
import { GatewayCache } from './index.ts';

const HOUR_MS = 3_600_000;
const TIMES = { toolsTtlMs: 4 * HOUR_MS, gatewayConfigTtlMs: 24 * HOUR_MS, discoveryTimeoutMs: 20_000 };
/** A node uses a little less of a life than there is, because another clock may count it. */
const CLOCKS_DIFFER = 0.97;
const ADA: ServerRef = {
  configId: 'c1',
  serverName: 'echo',
  fingerprint: 'f1',
  principal: 'ada',
  believesPublic: false,
};
const EVE: ServerRef = { ...ADA, principal: 'eve' };
const NOBODY: ServerRef = { ...ADA, principal: undefined };

describe("MCP's caching rules", () => {
  let lockstep: Lockstep;
  let cache: GatewayCache<unknown, string>;

  beforeEach(async () => {
    lockstep = await openLockstep();
    cache = new GatewayCache({ lockstep, times: TIMES });
  });

  afterEach(() => lockstep.close());

  const find = async (server: ServerRef, found: DiscoveredTools<string>) => {
    const discover = vi.fn(async () => found);
    const answer = await cache.tools(server, discover);
    return { tools: answer.outcome === 'miss' ? undefined : answer.value.tools, asked: discover.mock.calls.length };
  };
  const kept = async (server: ServerRef) => {
    const found = await cache.cachedTools(server);
    return found.outcome === 'miss' ? undefined : found.value;
  };
  const list = (of: string, hints: Partial<DiscoveredTools<string>> = {}) => ({
    tools: [of],
    hintMs: HOUR_MS,
    ...hints,
  });

  it('a private list is answered to the context that asked for it, and to no other', async () => {
    expect(await find(ADA, list('of ada', { cacheScope: 'private' }))).toEqual({ tools: ['of ada'], asked: 1 });
    expect(await find(EVE, list('of eve', { cacheScope: 'private' }))).toEqual({ tools: ['of eve'], asked: 1 });
    expect(await find(ADA, list('never asked'))).toEqual({ tools: ['of ada'], asked: 0 });
    expect(await find(EVE, list('never asked'))).toEqual({ tools: ['of eve'], asked: 0 });
    expect(await kept(ADA)).toEqual({ tools: ['of ada'], cacheScope: 'private' });
    expect((await cache.status()).total_tool_caches).toBe(2);
  });

  it('of many servers each context is told its own lists, and of those that nobody has nothing', async () => {
    const shared: ServerRef = { ...ADA, serverName: 'shared' };
    await find(ADA, list('of ada', { cacheScope: 'private' }));
    await find(EVE, list('of eve', { cacheScope: 'private' }));
    await find(shared, list('of everyone'));
    const missing: ServerRef = { ...ADA, serverName: 'nobody has it' };
    const found = await cache.cachedToolsMany([ADA, shared, missing, NOBODY]);
    const values = [...found].map(([server, answer]) => [server, answer.outcome === 'hit' && answer.value.tools]);
    expect(values).toEqual([
      [ADA, ['of ada']],
      [shared, ['of everyone']],
    ]);
  });

  it('nor where both ask at the same moment, before anyone knows that it is private', async () => {
    const answers = await Promise.all(
      [ADA, EVE, ADA].map((server) => find(server, list(`of ${server.principal}`, { cacheScope: 'private' }))),
    );
    expect(answers.map(({ tools }) => tools)).toEqual([['of ada'], ['of eve'], ['of ada']]);
  });

  it('a private list without a context is kept nowhere, and each caller asks for itself', async () => {
    expect(await find(NOBODY, list('first', { cacheScope: 'private' }))).toEqual({ tools: ['first'], asked: 1 });
    expect(await find(NOBODY, list('second', { cacheScope: 'private' }))).toEqual({ tools: ['second'], asked: 1 });
    expect(await kept(NOBODY)).toBeUndefined();
    expect(await cache.toolsFreshForMs(NOBODY)).toBe(0);
    expect(await find(ADA, list('of ada', { cacheScope: 'private' }))).toEqual({ tools: ['of ada'], asked: 1 });
  });

  it('a public list is private, unless the configuration trusts the server', async () => {
    await find(ADA, list('of ada', { cacheScope: 'public' }));
    expect(await find(EVE, list('of eve', { cacheScope: 'public' }))).toEqual({ tools: ['of eve'], asked: 1 });
    expect(await kept(ADA)).toMatchObject({ cacheScope: 'private' });

    const trusting = { ...ADA, fingerprint: 'f2', believesPublic: true };
    await find(trusting, list('for all', { cacheScope: 'public' }));
    const others = { ...trusting, principal: 'eve' };
    expect(await find(others, list('never asked'))).toEqual({ tools: ['for all'], asked: 0 });
    expect(await kept(others)).toMatchObject({ cacheScope: 'public' });
  });

  it('a list of a server that says nothing is that of its configuration, as before 2026, and shown as private', async () => {
    await find(ADA, { tools: ['of the configuration'] });
    expect(await find(EVE, list('never asked'))).toEqual({ tools: ['of the configuration'], asked: 0 });
    expect(await kept(EVE)).toMatchObject({ cacheScope: 'private' });
    expect(await cache.toolsFreshForMs(EVE)).toBeGreaterThan(4 * HOUR_MS * CLOCKS_DIFFER);
  });

  it.each([
    [1_000_000, 1_000_000],
    [1e15, 4 * HOUR_MS],
    [Number.MAX_SAFE_INTEGER, 4 * HOUR_MS],
  ])('a hint of %d ms is fresh for %d ms: the ceiling bounds it', async (hintMs, freshMs) => {
    await find(ADA, { tools: [], hintMs, cacheScope: 'private' });
    const freshForMs = await cache.toolsFreshForMs(ADA);
    expect(freshForMs).toBeLessThanOrEqual(freshMs);
    expect(freshForMs).toBeGreaterThan(freshMs * CLOCKS_DIFFER);
  });

  it.each([0, -1, -1e15])('a hint of %d is not served again: the server is asked each time', async (hintMs) => {
    await find(ADA, list('first', { hintMs }));
    await vi.waitUntil(async () => (await cache.toolsFreshForMs(ADA)) === 0);
    expect(await find(ADA, list('second', { hintMs }))).toEqual({ tools: ['second'], asked: 1 });
  });

  it('but callers of the same moment share one question, also where it is private', async () => {
    const discover = vi.fn(async () => list('shared', { hintMs: 0, cacheScope: 'private' }));
    await Promise.all(Array.from({ length: 10 }, () => cache.tools(ADA, discover)));
    expect(discover).toHaveBeenCalledTimes(1);
  });

  it('a private list is found by callers who never pause, too: what it is remembered by is written once', async () => {
    const discover = vi.fn(async () => {
      await new Promise(setImmediate);
      return list('of ada', { cacheScope: 'private' });
    });
    const caller = async () => {
      for (let asked = 1; asked <= 50; asked++) await cache.tools(ADA, discover);
    };
    await Promise.all(Array.from({ length: 16 }, caller));
    expect(discover.mock.calls.length).toBeLessThanOrEqual(2);
  });

  it('a list that is no longer fresh stands in, marked stale, for a server that fails', async () => {
    await find(ADA, list('old', { hintMs: 0, cacheScope: 'private' }));
    await vi.waitUntil(async () => (await cache.toolsFreshForMs(ADA)) === 0);
    const failing = () => Promise.reject(new Error('the server is down'));
    expect(await cache.tools(ADA, failing)).toMatchObject({ outcome: 'hit', stale: true, value: { tools: ['old'] } });
  });

  it('what turned private is shared no longer', async () => {
    const trusting = { ...ADA, believesPublic: true };
    await find(trusting, list('for all', { cacheScope: 'public' }));
    await cache.expireTools(ADA);
    expect(await find(trusting, list('of ada', { cacheScope: 'private' }))).toEqual({ tools: ['of ada'], asked: 1 });
    const others = { ...trusting, principal: 'eve' };
    expect(await find(others, list('of eve', { cacheScope: 'private' }))).toEqual({ tools: ['of eve'], asked: 1 });
  });

  it('a change of a server ends its lists in all contexts', async () => {
    await find(ADA, list('of ada', { cacheScope: 'private' }));
    await find(EVE, list('of eve', { cacheScope: 'private' }));
    await cache.clear({ type: 'tools', gateway: { gatewayId: 'g', configId: 'c1', keys: [] }, serverName: 'echo' });
    expect([await kept(ADA), await kept(EVE)]).toEqual([undefined, undefined]);
  });

  it.each([
    ['its server', () => cache.expireTools(ADA)],
    ['everything', () => cache.clear({ type: 'all', kind: 'expire' })],
  ])('a private list stands in too, after an expire of %s', async (_, expire) => {
    await find(ADA, list('old', { cacheScope: 'private' }));
    await expire();
    const failing = () => Promise.reject(new Error('the server is down'));
    expect(await cache.tools(ADA, failing)).toMatchObject({ stale: true, value: { tools: ['old'] } });
  });

  it('an expired list is asked for again, and stands in where that fails', async () => {
    await find(ADA, list('old'));
    await cache.expireTools(ADA);
    const failing = () => Promise.reject(new Error('the server is down'));
    expect(await cache.tools(ADA, failing)).toMatchObject({ stale: true, value: { tools: ['old'] } });
  });
});
