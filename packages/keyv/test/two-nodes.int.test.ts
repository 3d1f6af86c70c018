import { waitFor } from '@lockstep/testkit';
import { createCache } from 'cache-manager';
import Keyv from 'keyv';
import Keyv6 from 'keyv-6';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { ClusterNode, TestCluster } from './nodes.ts';
import { startCluster } from './nodes.ts';

/** What this test uses of both majors. */
interface AnyKeyv {
  get(key: string): Promise<unknown>;
  set(key: string, value: unknown, ttl?: number): Promise<boolean>;
  delete(key: string): Promise<boolean>;
  clear(): Promise<void>;
  on(event: 'error', listener: (error: unknown) => void): unknown;
}

const MAJORS = [
  ['5', (node: ClusterNode, namespace?: string): AnyKeyv => new Keyv({ store: node.store(), ...named(namespace) })],
  ['6', (node: ClusterNode, namespace?: string): AnyKeyv => new Keyv6({ store: node.store(), ...named(namespace) })],
] as const;

function named(namespace: string | undefined): { namespace?: string } {
  return namespace === undefined ? {} : { namespace };
}

describe('Keyvs on two nodes', () => {
  let cluster: TestCluster;
  let a: ClusterNode;
  let b: ClusterNode;

  beforeEach(async () => {
    cluster = await startCluster();
    [a, b] = cluster.nodes;
  });

  afterEach(() => cluster[Symbol.asyncDispose]());

  const becomes = (keyv: AnyKeyv, key: string, value: unknown): Promise<unknown> =>
    waitFor(async () => (await keyv.get(key)) === value, { what: `${key} to become ${value}` });

  test.each(MAJORS)('a set, a delete and a clear on one are seen on the other (Keyv %s, P1)', async (_, keyvOn) => {
    const [here, there] = [keyvOn(a), keyvOn(b)];
    await here.set('a', 1);
    expect(await there.get('a')).toBe(1);
    await here.set('a', 2);
    await becomes(there, 'a', 2);
    expect(await here.delete('a')).toBe(true);
    await becomes(there, 'a', undefined);
    await here.set('b', 3);
    await becomes(there, 'b', 3);
    await here.clear();
    await becomes(there, 'b', undefined);
  });

  test.each(MAJORS)('a clear ends the values of one namespace, on every node (Keyv %s)', async (_, keyvOn) => {
    const users = keyvOn(a, 'users');
    const orders = keyvOn(a, 'orders');
    const nameless = keyvOn(a, '');
    for (const keyv of [users, orders, nameless]) await keyv.set('1', 'one');
    await keyvOn(b, 'users').clear();
    await becomes(users, '1', undefined);
    await nameless.clear();
    expect(await nameless.get('1')).toBeUndefined();
    expect(await orders.get('1')).toBe('one');
    expect(await keyvOn(b, 'orders').get('1')).toBe('one');
  });

  test.each(MAJORS)(
    'while the tier is away a set fails and says so, and a get finds nothing (Keyv %s, P8)',
    async (_, keyvOn) => {
      const keyv = keyvOn(a);
      const errors: unknown[] = [];
      keyv.on('error', (error) => errors.push(error));
      await keyv.set('a', 1);
      a.proxy.cut();
      await waitFor(() => a.lockstep.coherence.state !== 'coherent', { what: 'degradation' });
      expect(await keyv.set('a', 2)).toBe(false);
      expect(await keyv.delete('a')).toBe(false);
      expect(errors).toMatchObject([{ code: 'tier-unavailable' }, { code: 'tier-unavailable' }]);
      expect(await keyv.get('a')).toBeUndefined();
      a.proxy.restore();
      await waitFor(() => a.lockstep.coherence.state === 'coherent', { what: 'recovery' });
      expect(await keyv.set('a', 3)).toBe(true);
      expect(await keyv.get('a')).toBe(3);
    },
  );

  test('a clear may be queued while the tier is away', async () => {
    const keyv = new Keyv({ store: a.store({ clears: { allowDegraded: true } }) });
    const there = new Keyv({ store: b.store() });
    await keyv.set('a', 1);
    expect(await there.get('a')).toBe(1);
    a.proxy.cut();
    await waitFor(() => a.lockstep.coherence.state !== 'coherent', { what: 'degradation' });
    await keyv.clear();
    expect(await keyv.get('a')).toBeUndefined();
    a.proxy.restore();
    await becomes(there, 'a', undefined);
  });

  test('cache-manager loads once, and a delete on one node makes the other load again', async () => {
    const [here, there] = [a, b].map((node) =>
      createCache({ stores: [new Keyv({ store: node.store() })], ttl: 60_000 }),
    );
    let loads = 0;
    const load = async (): Promise<number> => ++loads;
    expect(await here?.wrap('user:1', load)).toBe(1);
    expect(await there?.wrap('user:1', load)).toBe(1);
    await here?.del('user:1');
    await waitFor(async () => (await there?.wrap('user:1', load)) === 2, { what: 'the second load' });
    expect(await here?.mget(['user:1', 'user:2'])).toEqual([2, undefined]);
    await here?.mset([{ key: 'user:2', value: 'two' }]);
    expect(await there?.get('user:2')).toBe('two');
    await there?.clear();
    await waitFor(async () => (await here?.get('user:2')) === undefined, { what: 'the clear' });
  });
});
