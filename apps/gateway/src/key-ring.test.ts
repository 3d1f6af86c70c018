import { openLockstep } from '@lockstep/cache';
import type { GatewayDefinition, GatewayDirectory } from '@lockstep/config';
import { GatewayCache } from '@lockstep/gateway-cache';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { KeyRing } from './key-ring.ts';

const TIMES = { toolsTtlMs: 60_000, gatewayConfigTtlMs: 60_000, discoveryTimeoutMs: 1_000 };

let lockstep: Awaited<ReturnType<typeof openLockstep>>;
let cache: GatewayCache<GatewayDefinition, unknown>;

beforeEach(async () => {
  lockstep = await openLockstep();
  cache = new GatewayCache({ lockstep, times: TIMES });
});

afterEach(async () => {
  await lockstep.close();
});

function gateway(id: string, projectName = 'p'): GatewayDefinition {
  return { id, userId: 'u', email: '', projectId: 'p', projectName, configId: 'c', configName: 'c', servers: [] };
}

const DIRECTORY: GatewayDirectory = {
  keys: [
    { key: 'key-of-one', gatewayId: 'one', role: 'operator' },
    { key: 'key-of-two', gatewayId: 'two', role: 'operator' },
  ],
  gateways: [gateway('one'), gateway('two')],
};

it('opens the gateway of a key, and no other', async () => {
  const ring = new KeyRing(DIRECTORY, cache);
  expect((await ring.open('key-of-one'))?.gateway.id).toBe('one');
  expect((await ring.open('key-of-two'))?.gateway.id).toBe('two');
});

it.each(['', 'key-of-on', 'key-of-one ', 'KEY-OF-ONE', 'one'])('opens nothing with the wrong key %o', async (key) => {
  expect(await new KeyRing(DIRECTORY, cache).open(key)).toBeUndefined();
});

it('takes a wrong key the whole way of a right one: the same lookups, in the same order, from the same caches', async () => {
  const ring = new KeyRing(DIRECTORY, cache);
  await ring.open('key-of-one');
  const ids = vi.spyOn(cache, 'gatewayId');
  const configs = vi.spyOn(cache, 'gatewayConfig');
  const lookupsOf = async (key: string) => {
    ids.mockClear();
    configs.mockClear();
    await ring.open(key);
    return [ids.mock.calls.map(([name]) => name), configs.mock.calls.map(([name]) => name)];
  };
  const right = await lookupsOf('key-of-one');
  const before = cache.node().near['gateway-key'];
  expect(await lookupsOf('a wrong key')).toEqual(right);
  expect(right.flat()).toHaveLength(2);
  expect(cache.node().near['gateway-key']).toMatchObject({ loads: before.loads, entries: 1 });
});

it('keeps no key in the caches, only a name made of it', async () => {
  const ring = new KeyRing(DIRECTORY, cache);
  const ids = vi.spyOn(cache, 'gatewayId');
  await ring.open('key-of-one');
  expect(JSON.stringify(ids.mock.calls)).not.toContain('key-of-one');
  expect(ring.refOf(gateway('one')).keys).toEqual([ids.mock.calls[0]?.[0]]);
});

it('serves what a changed file says, though the caches still hold what it said before', async () => {
  await new KeyRing(DIRECTORY, cache).open('key-of-one');
  const changed = new KeyRing({ ...DIRECTORY, gateways: [gateway('one', 'renamed'), gateway('two')] }, cache);
  expect((await changed.open('key-of-one'))?.gateway.projectName).toBe('renamed');
  const revoked = new KeyRing({ keys: DIRECTORY.keys.slice(1), gateways: DIRECTORY.gateways }, cache);
  expect(await revoked.open('key-of-one')).toBeUndefined();
});

it('keeps what is cached of all others when one gateway, or one key, changes', async () => {
  const ring = new KeyRing(DIRECTORY, cache);
  await ring.open('key-of-one');
  await ring.open('key-of-two');
  const loads = () => [cache.node().near['gateway-config'].loads, cache.node().near['gateway-key'].loads];
  expect(loads()).toEqual([2, 2]);
  ring.replace({ ...DIRECTORY, gateways: [gateway('one', 'renamed'), gateway('two')] });
  expect((await ring.open('key-of-two'))?.gateway.projectName).toBe('p');
  expect(loads()).toEqual([2, 2]);
  expect((await ring.open('key-of-one'))?.gateway.projectName).toBe('renamed');
  expect(loads()).toEqual([3, 2]);
  ring.replace({ ...DIRECTORY, keys: [...DIRECTORY.keys, { key: 'another', gatewayId: 'two', role: 'viewer' }] });
  await Promise.all(['key-of-one', 'key-of-two'].map((key) => ring.open(key)));
  expect(loads()).toEqual([3, 2]);
  expect(await ring.open('another')).toMatchObject({ gateway: { id: 'two' }, role: 'viewer' });
  expect(loads()).toEqual([3, 3]);
});

it('opens nothing with a key that is revoked elsewhere, though it has it; a wrong key goes the same way', async () => {
  const ring = new KeyRing(DIRECTORY, cache);
  const ids = vi.spyOn(cache, 'gatewayId');
  await ring.open('key-of-one');
  await cache.revokeKeys([{ grant: String(ids.mock.calls[0]?.[0]), revision: 'newer' }]);
  const configs = vi.spyOn(cache, 'gatewayConfig');
  expect(await ring.open('key-of-one')).toBeUndefined();
  expect(await ring.open('a wrong key')).toBeUndefined();
  expect(configs).toHaveBeenCalledTimes(2);
  expect((await ring.open('key-of-two'))?.gateway.id).toBe('two');
});

it('opens nothing where there is no key at all', async () => {
  expect(await new KeyRing({ keys: [], gateways: [] }, cache).open('any')).toBeUndefined();
});
