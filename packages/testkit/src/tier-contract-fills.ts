import type { Head } from '@lockstep/core';
import { expect, it } from 'vitest';
import type { TierScene } from './tier-scene.ts';
import { CONTROL_INCARNATION, keyAddress, LEASE_MS, NODE, SHORT_MS, stored, TTL_MS, writeOf } from './tier-scene.ts';

const KEY = keyAddress(1);

export function fillsUnderLeases(scene: TierScene): void {
  tellsWhoMayHoldACopy(scene);
  remembersNearCopies(scene);
}

function tellsWhoMayHoldACopy(scene: TierScene): void {
  const headOf = async (): Promise<Head | undefined> => (await scene.two.heads([KEY.partition]))[0];

  it('the first fill of a key is silent: no event, and a version of its own', async () => {
    const head = await scene.one.found(KEY.partition, CONTROL_INCARNATION);
    const fill = await scene.load(writeOf(KEY, 'value'));
    expect(fill).toMatchObject({ outcome: 'silent', head });
    expect(await headOf()).toEqual(head);
    expect(await scene.log(KEY.partition)).toEqual([]);
    const entry = await stored(scene, KEY);
    expect(entry).toMatchObject({ text: 'value', expired: false, version: 'version' in fill ? fill.version : '' });
    expect(entry?.version.startsWith(`${head.sequence}-`)).toBe(true);
  });

  it('a fill makes the head where there is none', async () => {
    const fill = await scene.load(writeOf(KEY, 'value'));
    expect(fill).toMatchObject({ outcome: 'silent', head: await headOf() });
    expect(await headOf()).toBeDefined();
  });

  it('a fill with other bytes than were there is loud: an event', async () => {
    await scene.load(writeOf(KEY, 'value'));
    const before = await headOf();
    const fill = await scene.load(writeOf(KEY, 'changed'));
    expect(fill).toMatchObject({ outcome: 'loud', commit: { previous: before?.sequence } });
    const { commit } = fill as Extract<typeof fill, { outcome: 'loud' }>;
    expect(await headOf()).toEqual({ incarnation: commit.incarnation, sequence: commit.sequence });
    expect(await scene.log(KEY.partition)).toEqual([
      { sequence: commit.sequence, previous: commit.previous, effect: { kind: 'fill', keyId: KEY.keyId } },
    ]);
    expect(await stored(scene, KEY)).toMatchObject({ text: 'changed', version: String(commit.sequence) });
  });

  it('a fill with the bytes that were there renews the entry: born, version and life, but no event', async () => {
    await scene.load(writeOf(KEY, 'value', { ttlMs: TTL_MS / 2 }));
    const before = await stored(scene, KEY);
    const head = await headOf();
    const born = { incarnation: CONTROL_INCARNATION, sequence: 8 };
    expect(await scene.load(writeOf(KEY, 'value', { born }))).toMatchObject({ outcome: 'renewed', head });
    const after = await stored(scene, KEY);
    expect(after).toMatchObject({ text: 'value', born });
    expect(after?.version).not.toBe(before?.version);
    expect(after?.remainingMs).toBeGreaterThan(TTL_MS / 2);
    expect(await headOf()).toEqual(head);
  });

  it('versions differ between any two fills', async () => {
    const versions = new Set<string | undefined>();
    for (let round = 0; round < 5; round++) {
      await scene.load(writeOf(KEY, 'value'));
      versions.add((await stored(scene, KEY))?.version);
    }
    expect(versions.size).toBe(5);
  });
}

function remembersNearCopies(scene: TierScene): void {
  it('a fill of an evicted entry is loud, also with the same bytes: a near-cache may hold it still', async () => {
    await scene.load(writeOf(KEY, 'value'));
    await scene.world.evict(KEY);
    expect(await scene.load(writeOf(KEY, 'value'))).toMatchObject({ outcome: 'loud' });
  });

  it('a fill of an entry that ended its life is silent: every near copy ended with it', async () => {
    await scene.load(writeOf(KEY, 'value', { ttlMs: SHORT_MS }));
    await scene.world.passTime(SHORT_MS + 1);
    expect(await stored(scene, KEY)).toBeUndefined();
    expect(await scene.load(writeOf(KEY, 'changed'))).toMatchObject({ outcome: 'silent' });
  });

  it('a fill of a cleared entry is silent', async () => {
    await scene.load(writeOf(KEY, 'value'));
    await scene.one.clear(KEY, NODE);
    expect(await scene.load(writeOf(KEY, 'changed'))).toMatchObject({ outcome: 'silent' });
  });

  it('a renewal for a shorter life does not forget the copies made before it', async () => {
    await scene.load(writeOf(KEY, 'value'));
    expect(await scene.load(writeOf(KEY, 'value', { ttlMs: SHORT_MS }))).toMatchObject({ outcome: 'renewed' });
    await scene.world.passTime(SHORT_MS + 1);
    expect(await stored(scene, KEY)).toBeUndefined();
    expect(await scene.load(writeOf(KEY, 'changed'))).toMatchObject({ outcome: 'loud' });
  });

  it('an expired entry filled with the same bytes is fresh again; nobody needs another event', async () => {
    await scene.load(writeOf(KEY, 'value'));
    await scene.two.expire(KEY, NODE);
    expect(await scene.load(writeOf(KEY, 'value'))).toMatchObject({ outcome: 'renewed' });
    expect(await stored(scene, KEY)).toMatchObject({ text: 'value', expired: false });
    expect(await scene.log(KEY.partition)).toHaveLength(1);
  });

  it('an expired entry filled with other bytes is loud', async () => {
    await scene.load(writeOf(KEY, 'value'));
    await scene.two.expire(KEY, NODE);
    expect(await scene.load(writeOf(KEY, 'changed'))).toMatchObject({ outcome: 'loud' });
  });

  it('of a fill and a clear at once, either the clear comes last, or the fill is rejected', async () => {
    for (let round = 0; round < 20; round++) {
      const address = keyAddress(100 + round);
      const token = scene.token();
      await scene.one.read(address, { token, leaseMs: LEASE_MS });
      await Promise.all([scene.one.fill(writeOf(address, 'older'), token), scene.two.clear(address, NODE)]);
      expect(await stored(scene, address)).toBeUndefined();
    }
  });
}
