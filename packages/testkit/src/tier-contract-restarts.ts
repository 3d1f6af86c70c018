import type { ClusterSettings, Commit, NodeId, ScopeId } from '@lockstep/core';
import { CONTROL_PARTITION } from '@lockstep/core';
import { describe, expect, it } from 'vitest';
import type { TierScene } from './tier-scene.ts';
import { CONTROL_INCARNATION, keyAddress, LEASE_MS, NODE, SHORT_MS, stored, writeOf } from './tier-scene.ts';

const KEY = keyAddress(1);
const EXPIRED = keyAddress(2);
const CLEARED = keyAddress(3);
const FILLED = keyAddress(4);
const ELSEWHERE = keyAddress(5, 'gateway-config', 4);
const EVICTED = keyAddress(6);
const OTHER_NODE = 'b2'.repeat(8) as NodeId;
const TAG = '7a'.repeat(16) as ScopeId;
const SETTINGS: ClusterSettings = { partitions: 16, format: 1, secretFingerprint: 'ab'.repeat(8), deltaMaxMs: 2_000 };

/** What befalls a tier that loses nothing by it. */
const HARMLESS: readonly (readonly [string, (scene: TierScene) => Promise<void>])[] = [
  ['its scripts were forgotten', (scene) => scene.world.forgetScripts()],
  ['a restart with persistence', (scene) => scene.world.restart()],
  ['a failover that lost nothing', (scene) => scene.world.failOver()],
];

export function losesNothing(scene: TierScene): void {
  describe.each(HARMLESS)('after %s', (_, befall) => {
    it('heads, logs, entries, counts, epochs, members and settings are what they were', async () => {
      await writeOfEveryKind(scene);
      const before = await everything(scene);
      await befall(scene);
      expect(await everything(scene)).toEqual(before);
    });

    it('the next events name the old heads', async () => {
      const last = await scene.one.put(writeOf(KEY, 'value'));
      const lastScope = await scene.one.clearScope(TAG, NODE);
      await befall(scene);
      const next = await scene.two.clear(KEY, NODE);
      expect(next).toMatchObject({ incarnation: last.incarnation, previous: last.sequence });
      const nextScope = await scene.two.clearScope(TAG, NODE);
      expect(nextScope).toMatchObject({ incarnation: lastScope.incarnation, previous: lastScope.sequence });
    });

    it('a lease taken before is held by its token, with who waits for it, until its deadline', async () => {
      await scene.one.found(KEY.partition, CONTROL_INCARNATION);
      const token = await scene.takeLease(KEY);
      expect((await scene.two.read(KEY, { token: scene.token(), leaseMs: LEASE_MS })).lease).toBe('wait');
      const short = await scene.takeLease(FILLED, SHORT_MS);
      await befall(scene);
      expect(await scene.two.fill(writeOf(KEY, 'other'), 'no-such-token')).toMatchObject({ outcome: 'rejected' });
      expect((await scene.two.read(KEY, { token: scene.token(), leaseMs: LEASE_MS })).lease).toBe('wait');
      expect(await scene.one.fill(writeOf(KEY, 'value'), token)).toMatchObject({ outcome: 'silent', waiters: true });
      await scene.world.passTime(SHORT_MS);
      expect(await scene.one.fill(writeOf(FILLED, 'late'), short)).toMatchObject({ outcome: 'rejected' });
    });

    it('the lives of entries have gone on', async () => {
      await scene.one.put(writeOf(KEY, 'value'));
      await scene.one.put(writeOf(FILLED, 'value', { ttlMs: SHORT_MS }));
      const before = (await stored(scene, KEY))?.remainingMs ?? Number.NaN;
      await befall(scene);
      await scene.world.passTime(SHORT_MS + 1);
      expect((await stored(scene, KEY))?.remainingMs).toBeLessThanOrEqual(before - SHORT_MS);
      expect(await stored(scene, FILLED)).toBeUndefined();
      expect(await scene.load(writeOf(FILLED, 'changed'))).toMatchObject({ outcome: 'silent' });
    });

    it('an entry that was evicted before is not there, and its fill is loud', async () => {
      await scene.load(writeOf(KEY, 'value'));
      await scene.world.evict(KEY);
      await befall(scene);
      expect(await stored(scene, KEY)).toBeUndefined();
      expect(await scene.load(writeOf(KEY, 'value'))).toMatchObject({ outcome: 'loud' });
    });
  });
}

/** Leaves something of every kind in the tier. */
async function writeOfEveryKind(scene: TierScene): Promise<void> {
  await scene.one.settle(SETTINGS);
  await scene.one.beat(NODE, 'n1');
  await scene.one.beat(OTHER_NODE, 'n2');
  await scene.one.forget(OTHER_NODE, 'n2');
  const writes: (() => Promise<Commit>)[] = [
    () => scene.one.put(writeOf(KEY, 'value')),
    () => scene.one.put(writeOf(EXPIRED, 'value')),
    () => scene.two.expire(EXPIRED, NODE),
    () => scene.one.put(writeOf(CLEARED, 'value')),
    () => scene.two.clear(CLEARED, NODE),
    () => scene.one.put(writeOf(EVICTED, 'value')),
    () => scene.one.put(writeOf(ELSEWHERE, 'value')),
    () => scene.one.clearScope(TAG, NODE),
  ];
  for (const write of writes) await write();
  await scene.load(writeOf(FILLED, 'value'));
  await scene.world.evict(EVICTED);
}

/** All that can be read of the tier and does not change by itself. */
async function everything(scene: TierScene): Promise<unknown> {
  const { one, two } = scene;
  const addresses = [KEY, EXPIRED, CLEARED, FILLED, ELSEWHERE, EVICTED];
  const partitions = [KEY.partition, ELSEWHERE.partition, CONTROL_PARTITION];
  const entries: unknown[] = [];
  for (const address of addresses) entries.push({ ...(await stored(scene, address)), remainingMs: undefined });
  return {
    entries,
    heads: await one.heads(partitions),
    logs: await Promise.all(partitions.map((partition) => scene.log(partition))),
    counts: await Promise.all(['tools', 'gateway-config'].map((namespace) => two.count(namespace, 16))),
    control: await one.control(),
    members: await two.members(),
    // Other settings than are in force: answered where the tier has none.
    settings: await two.settle({ ...SETTINGS, format: 2 }),
  };
}
