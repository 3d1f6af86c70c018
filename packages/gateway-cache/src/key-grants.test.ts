import { openLockstep } from '@lockstep/cache';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { GatewayCache } from './index.ts';

const TIMES = { toolsTtlMs: 60_000, gatewayConfigTtlMs: 60_000, discoveryTimeoutMs: 1_000 };
const REVOKED = [{ grant: 'grant', revision: 'r2' }];

let lockstep: Awaited<ReturnType<typeof openLockstep>>;
let cache: GatewayCache<unknown, unknown>;

beforeEach(async () => {
  lockstep = await openLockstep();
  cache = new GatewayCache({ lockstep, times: TIMES });
});

afterEach(async () => {
  await lockstep.close();
});

const opened = (grant: string) => cache.gatewayId(grant, () => 'gateway');
const ran = (...revisions: string[]) => revisions.includes.bind(revisions);

it('opens nothing by a revoked grant, cached before or not, and leaves the others alone', async () => {
  expect(await Promise.all(['grant', 'other'].map(opened))).toEqual(['gateway', 'gateway']);
  await cache.revokeKeys([...REVOKED, { grant: 'never asked for', revision: 'r2' }]);
  const load = vi.fn(() => 'gateway');
  expect(await cache.gatewayId('grant', load)).toBeUndefined();
  expect(await cache.gatewayId('never asked for', load)).toBeUndefined();
  expect(await cache.gatewayId('other', load)).toBe('gateway');
  expect(load).not.toHaveBeenCalled();
});

it('stores no grant whose load began before the revocation', async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<string>();
  const loading = cache.gatewayId('grant', () => released as unknown as string);
  await cache.revokeKeys(REVOKED);
  release('gateway');
  await loading;
  expect(await opened('grant')).toBeUndefined();
});

it('gives a revoked grant back to a configuration that comes after the one that revoked it', async () => {
  await cache.revokeKeys(REVOKED);
  expect(await opened('grant')).toBeUndefined();
  expect(await cache.restoreKeys(['grant', 'other'], ran('r1', 'r2'))).toEqual([]);
  expect(await opened('grant')).toBe('gateway');
});

it('does not give it back to a node that is behind, and says which grant stays revoked', async () => {
  await cache.revokeKeys(REVOKED);
  expect(await cache.restoreKeys(['grant', 'other'], ran('r0', 'r1'))).toEqual(['grant']);
  expect(await opened('grant')).toBeUndefined();
});

it('keeps what is revoked through a clear of everything', async () => {
  await opened('other');
  await cache.revokeKeys(REVOKED);
  await cache.clear({ type: 'all' });
  const load = vi.fn(() => 'gateway');
  await cache.gatewayId('other', load);
  expect(load).toHaveBeenCalledOnce();
  expect(await opened('grant')).toBeUndefined();
});
