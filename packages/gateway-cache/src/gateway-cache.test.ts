import { openLockstep, TierUnavailableError } from '@lockstep/cache';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { CacheType, ServerRef } from './index.ts';
import { CACHE_TYPE_WORDS, GatewayCache, gatewayPolicies, parseCacheType } from './index.ts';

const HOUR_MS = 3_600_000;
const TIMES = { toolsTtlMs: 4 * HOUR_MS, gatewayConfigTtlMs: 24 * HOUR_MS, discoveryTimeoutMs: 20_000 };
const GATEWAY = { gatewayId: 'u_p_c1', configId: 'c1', keys: ['key-1', 'key-2'] };
const SERVER = { principal: 'u_p_c1', believesPublic: false };
const ECHO: ServerRef = { ...SERVER, configId: 'c1', serverName: 'echo', fingerprint: 'f1' };
const MEMORY: ServerRef = { ...SERVER, configId: 'c1', serverName: 'memory', fingerprint: 'f2' };
const OTHER: ServerRef = { ...SERVER, configId: 'c2', serverName: 'echo', fingerprint: 'f1' };

let lockstep: Awaited<ReturnType<typeof openLockstep>>;
let cache: GatewayCache<{ name: string }, string>;

beforeEach(async () => {
  lockstep = await openLockstep();
  cache = new GatewayCache({ lockstep, times: TIMES });
});

afterEach(async () => {
  await lockstep.close();
});

const tools = (server: ServerRef, found: readonly string[] = ['a tool']) =>
  cache.tools(server, async () => ({ tools: found }));
const cachedServers = async () => {
  const found = await Promise.all([ECHO, MEMORY, OTHER].map((server) => cache.cachedTools(server)));
  return found.map(({ outcome }) => outcome === 'hit');
};

it('discovers a server once, and answers the next from the near-cache', async () => {
  expect(await tools(ECHO)).toMatchObject({ outcome: 'loaded', source: 'origin', value: { tools: ['a tool'] } });
  expect(await tools(ECHO, ['never asked'])).toMatchObject({
    outcome: 'hit',
    source: 'near',
    value: { tools: ['a tool'] },
  });
});

it('asks again where the server is reached in another way, and for another configuration', async () => {
  await tools(ECHO);
  expect((await tools({ ...ECHO, fingerprint: 'f9' })).outcome).toBe('loaded');
  expect((await tools(OTHER)).outcome).toBe('loaded');
});

it('keeps nothing of a discovery that failed', async () => {
  const failing = cache.tools(ECHO, () => Promise.reject(new Error('server is down')));
  await expect(failing).rejects.toMatchObject({ code: 'loader-failed', cause: new Error('server is down') });
  expect(await tools(ECHO)).toMatchObject({ outcome: 'loaded' });
});

it('keeps an empty list: a server without tools is an answer', async () => {
  await tools(ECHO, []);
  expect(await tools(ECHO)).toMatchObject({ outcome: 'hit', value: { tools: [] } });
});

it.each([
  ['none', undefined, 'hit'],
  ['0: ask each time', 0, 'loaded'],
  ['a negative one, which counts as 0', -5, 'loaded'],
  ['a huge one', Number.MAX_SAFE_INTEGER, 'hit'],
])('obeys a hint of the server on freshness: %s', async (_, hintMs, outcome) => {
  await cache.tools(ECHO, async () => ({ tools: [], hintMs }));
  await vi.waitUntil(async () => (await cache.tools(ECHO, async () => ({ tools: [], hintMs }))).outcome === outcome);
});

it.each<[CacheType, string | undefined, boolean[], boolean]>([
  ['tools', 'echo', [false, true, true], true],
  ['server_config', 'echo', [false, true, true], true],
  ['tools', undefined, [false, false, true], true],
  ['gateway_config', undefined, [true, true, true], false],
  ['all', undefined, [false, false, true], false],
  ['all', 'echo', [false, true, true], false],
])(
  'clears %s of one gateway, server %s, and leaves the other gateway alone',
  async (...[type, serverName, kept, config]) => {
    await Promise.all([tools(ECHO), tools(MEMORY), tools(OTHER)]);
    await cache.gatewayConfig('r1:u_p_c1', GATEWAY, () => ({ name: 'first' }));
    await cache.gatewayId('key-1', () => 'u_p_c1');
    await cache.clear({ type, gateway: GATEWAY, ...(serverName === undefined ? {} : { serverName }) });
    expect(await cachedServers()).toEqual(kept);
    expect(await cache.hasGatewayConfig('r1:u_p_c1')).toBe(config);
    const idLoad = vi.fn(() => 'u_p_c1');
    await cache.gatewayId('key-1', idLoad);
    expect(idLoad).toHaveBeenCalledTimes(config ? 0 : 1);
  },
);

it.each<[CacheType, boolean[], boolean]>([
  ['tools', [false, false, false], true],
  ['gateway_config', [true, true, true], false],
  ['all', [false, false, false], false],
])('clears %s of every gateway', async (type, kept, config) => {
  await Promise.all([tools(ECHO), tools(MEMORY), tools(OTHER)]);
  await cache.gatewayConfig('r1:u_p_c1', GATEWAY, () => ({ name: 'first' }));
  await cache.clear({ type });
  expect(await cachedServers()).toEqual(kept);
  expect(await cache.hasGatewayConfig('r1:u_p_c1')).toBe(config);
});

it.each<[CacheType, boolean, boolean]>([
  ['all', true, true],
  ['all', false, false],
  ['tools', true, false],
  ['gateway_config', true, false],
])(
  'clears access tokens with everything of a gateway whose servers are sent any: %s, %s',
  async (...[type, sends, clears]) => {
    const { committed } = await cache.clear({ type, gateway: { ...GATEWAY, sendsTokens: sends } });
    expect(committed.some((part) => part.cache === 'oauth-token')).toBe(clears);
  },
);

it('clears the other parts where one fails, and tells which the tier has and which may be cleared or not', async () => {
  await Promise.all([tools(ECHO), tools(OTHER)]);
  await cache.gatewayConfig('r1:u_p_c1', GATEWAY, () => ({ name: 'first' }));
  const late = new TierUnavailableError('no answer in time');
  vi.spyOn(lockstep, 'clear').mockRejectedValueOnce(late);
  const { committed, unknown } = await cache.clear({ type: 'all', gateway: GATEWAY });
  expect(unknown).toEqual([{ cache: 'tools', cause: late }]);
  expect(committed.map((part) => part.cache)).toEqual(['gateway-config', 'gateway-key', 'gateway-key']);
  for (const { receipt } of committed) expect(receipt).toMatchObject({ kind: 'clear', committed: true });
  expect(await cache.hasGatewayConfig('r1:u_p_c1')).toBe(false);
  expect(await cachedServers()).toEqual([true, false, true]);
});

it("counts what is cached, by the description's names, and says what this node did", async () => {
  await Promise.all([tools(ECHO), tools(MEMORY)]);
  await tools(ECHO);
  await cache.gatewayConfig('r1:u_p_c1', GATEWAY, () => ({ name: 'first' }));
  await cache.gatewayId('key-1', () => 'u_p_c1');
  expect(await cache.status()).toMatchObject({
    cache_type: 'local',
    total_gateways: 1,
    total_tool_caches: 2,
    total_config_caches: 1,
    tool_cache_expiration_hours: 4,
    config_cache_expiration_hours: 24,
    node: { id: lockstep.nodeId, coherence: 'coherent', near: { tools: { entries: 2, near_hits: 1, loads: 2 } } },
  });
  expect(await cache.status()).not.toHaveProperty('redis_info');
});

it('knows the words of the description and their aliases, and no other', () => {
  const types = Object.fromEntries(CACHE_TYPE_WORDS.map((word) => [word, parseCacheType(word)]));
  expect(types).toEqual({
    all: 'all',
    gateway_config: 'gateway_config',
    gateway: 'gateway_config',
    gateway_cache: 'gateway_config',
    gateway_config_cache: 'gateway_config',
    server_config: 'server_config',
    server: 'server_config',
    servers: 'server_config',
    tools: 'tools',
    tool: 'tools',
  });
  expect(parseCacheType(' Tools ')).toBe('tools');
  expect(parseCacheType('toString')).toBeUndefined();
});

it('lets tool lists outlive a lost cluster, but never keys', () => {
  const policies = gatewayPolicies(TIMES, 'cluster');
  expect(policies.tools).toMatchObject({ whenIncoherent: 'serve-stale', grace: 24 * HOUR_MS, lease: 22_000 });
  expect(policies['gateway-config']).toMatchObject({ whenIncoherent: 'revalidate', grace: HOUR_MS });
  expect(policies['gateway-key']).toMatchObject({ whenIncoherent: 'revalidate', grace: 0 });
});

it('puts configurations and keys into no tier that it cannot encrypt for', () => {
  const { tools, 'tool-scopes': scopes, ...others } = gatewayPolicies(TIMES, 'cluster');
  expect(Object.values(others).map(({ secret }) => secret)).toEqual([true, true]);
});
