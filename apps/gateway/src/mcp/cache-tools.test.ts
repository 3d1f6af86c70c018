import type { Fence, Lockstep } from '@lockstep/cache';
import { openLockstep, TierUnavailableError } from '@lockstep/cache';
import type { GatewayDefinition } from '@lockstep/config';
import { GatewayCache } from '@lockstep/gateway-cache';
import type { Tool } from '@modelcontextprotocol/client';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { KeyRing } from '../key-ring.ts';
import { clearCache } from './cache-tools.ts';
import type { Caller } from './services.ts';

const TIMES = { toolsTtlMs: 60_000, gatewayConfigTtlMs: 60_000, discoveryTimeoutMs: 1_000 };
const ALL = { id: undefined, serverName: undefined, cacheType: undefined, wait: undefined };
const GATEWAY: GatewayDefinition = {
  id: 'one',
  userId: 'u',
  email: '',
  projectId: 'p',
  projectName: 'p',
  configId: 'c',
  configName: 'c',
  servers: [],
};
const late = new TierUnavailableError('no answer in time');

let lockstep: Lockstep;
let caller: Caller;

beforeEach(async () => {
  lockstep = await openLockstep();
  const cache = new GatewayCache<GatewayDefinition, Tool>({ lockstep, times: TIMES });
  const keyRing = new KeyRing(
    { keys: [{ key: 'a key', gatewayId: 'one', role: 'operator' }], gateways: [GATEWAY] },
    cache,
  );
  const services = { cache, keyRing, logger: pino({ level: 'silent' }) } as unknown as Caller['services'];
  caller = { services, gateway: GATEWAY, role: 'operator' };
});

afterEach(async () => {
  await lockstep.close();
});

it('tells the part that the tier did not confirm, keeps the events of the others, and does not say that nothing is cleared', async () => {
  vi.spyOn(lockstep, 'clear').mockRejectedValueOnce(late);
  const answer = await clearCache(caller, ALL);
  expect(answer).toMatchObject({
    status: 'error',
    message: expect.stringMatching(/tools.* may not be cleared everywhere; try again/),
    cleared: null,
    unknown: ['tools'],
    events: [
      { cache: 'gateway-config', sequence: expect.any(Number) },
      { cache: 'gateway-key', sequence: expect.any(Number) },
    ],
  });
});

it('claims neither that it cleared nor that it did not where the tier confirmed no part', async () => {
  vi.spyOn(lockstep, 'clear').mockRejectedValue(late);
  const answer = await clearCache(caller, { ...ALL, cacheType: 'tools' });
  expect(answer).toMatchObject({ status: 'error', cleared: null, unknown: ['tools'], events: [] });
  expect(JSON.stringify(answer)).not.toMatch(/nothing/i);
});

it('tells the weaker of the fences of its parts: by time where one was, and who did not answer one of them', async () => {
  const clear = lockstep.clear.bind(lockstep);
  const fences: Fence[] = [
    { by: 'acknowledgements', members: { a: 'acknowledged', b: 'acknowledged' } },
    { by: 'time', members: { a: 'fenced out', c: 'acknowledged' } },
  ];
  vi.spyOn(lockstep, 'clear').mockImplementation(async (scope, options) => {
    expect(options).toEqual({ wait: 'fenced' });
    const fence = fences.shift();
    return { ...(await clear(scope)), ...(fence && { fence }) };
  });
  const answer = await clearCache(caller, { ...ALL, wait: 'fenced' });
  expect(answer).toMatchObject({
    status: 'success',
    fence: { by: 'time', members: { a: 'fenced out', b: 'acknowledged', c: 'acknowledged' } },
  });
});

it('tells the events of every part where the tier confirmed all', async () => {
  expect(await clearCache(caller, ALL)).toMatchObject({
    status: 'success',
    events: [{ cache: 'tools' }, { cache: 'gateway-config' }, { cache: 'gateway-key' }],
  });
});
