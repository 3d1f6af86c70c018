import type { ClusterSettings, Incarnation, NodeId, ScopeId } from '@lockstep/core';
import { CONTROL_PARTITION } from '@lockstep/core';
import { describe, expect, it } from 'vitest';
import type { TierScene } from './tier-scene.ts';
import { CONTROL_INCARNATION, keyAddress, LEASE_MS, NODE, stored, writeOf } from './tier-scene.ts';

const KEY = keyAddress(1);
const OTHER = keyAddress(2);
const OTHER_NODE = 'b2'.repeat(8) as NodeId;
const TAG = '7a'.repeat(16) as ScopeId;
const OTHER_TAG = '7b'.repeat(16) as ScopeId;
const FIRST = '0f'.repeat(8) as Incarnation;
const SECOND = '1f'.repeat(8) as Incarnation;
const SETTINGS: ClusterSettings = { partitions: 16, format: 1, secretFingerprint: 'ab'.repeat(8), deltaMaxMs: 2_000 };

export function losesTheNewest(scene: TierScene): void {
  describe('after a failover that lost the newest writes', () => {
    losesEvents(scene);
    losesEntriesAndLeases(scene);
    losesControlState(scene);
  });
}

function losesEvents(scene: TierScene): void {
  it('the head is behind what was seen, in the same history (P7)', async () => {
    const kept = await scene.one.put(writeOf(KEY, 'kept'));
    await scene.world.cutOffReplica();
    const lost = await scene.one.put(writeOf(KEY, 'lost'));
    expect(await scene.two.heads([KEY.partition])).toMatchObject([{ sequence: lost.sequence }]);
    await scene.world.failOver();
    const promoted = { incarnation: kept.incarnation, sequence: kept.sequence };
    expect(await scene.two.heads([KEY.partition])).toEqual([promoted]);
    expect(lost).toMatchObject({ incarnation: kept.incarnation, previous: kept.sequence });
  });

  it('no sequence is used twice, and the links lead from the promoted head on', async () => {
    const kept = await scene.one.clear(KEY, NODE);
    await scene.world.cutOffReplica();
    const lost: number[] = [];
    for (let number = 0; number < 5; number++) lost.push((await scene.one.clear(keyAddress(number), NODE)).sequence);
    await scene.world.failOver();
    const first = await scene.two.clear(KEY, NODE);
    expect(first.previous).toBe(kept.sequence);
    expect(first.sequence).toBeGreaterThan(lost.at(-1) ?? Number.NaN);
    const second = await scene.one.put(writeOf(OTHER, 'value'));
    expect(await scene.log(KEY.partition)).toMatchObject([
      { sequence: kept.sequence },
      { sequence: first.sequence, previous: kept.sequence },
      { sequence: second.sequence, previous: first.sequence },
    ]);
  });

  it('a head that was lost is made anew, in another history', async () => {
    await scene.world.cutOffReplica();
    const lost = await scene.one.clear(KEY, NODE);
    const lostControl = await scene.one.found(CONTROL_PARTITION, FIRST);
    await scene.world.failOver();
    expect(await scene.two.heads([KEY.partition, CONTROL_PARTITION])).toEqual([undefined, undefined]);
    const made = await scene.two.clear(KEY, NODE);
    expect(made.incarnation).not.toBe(lost.incarnation);
    expect(made.sequence).toBeGreaterThan(lost.sequence);
    const madeControl = await scene.two.found(CONTROL_PARTITION, SECOND);
    expect(madeControl.incarnation).toBe(SECOND);
    expect(madeControl.sequence).toBeGreaterThan(lostControl.sequence);
  });

  it('everything is as before where it was lost that everything was lost', async () => {
    const kept = await scene.one.put(writeOf(KEY, 'kept'));
    await scene.world.cutOffReplica();
    await scene.world.loseEverything();
    await scene.world.failOver();
    expect(await scene.two.clear(OTHER, NODE)).toMatchObject({
      incarnation: kept.incarnation,
      previous: kept.sequence,
    });
    expect(await stored(scene, KEY)).toMatchObject({ text: 'kept' });
  });
}

function losesEntriesAndLeases(scene: TierScene): void {
  it('an entry is the one that was there: what a put, a clear, an expire or an eviction did to it is lost', async () => {
    const losses: readonly (() => Promise<unknown>)[] = [
      () => scene.one.put(writeOf(keyAddress(0), 'lost')),
      () => scene.one.clear(keyAddress(1), NODE),
      () => scene.one.expire(keyAddress(2), NODE),
      () => scene.world.evict(keyAddress(3)),
    ];
    const kept = await Promise.all(losses.map((_, number) => scene.one.put(writeOf(keyAddress(number), 'kept'))));
    await scene.world.cutOffReplica();
    for (const lose of losses) await lose();
    await scene.load(writeOf(keyAddress(4), 'lost'));
    await scene.world.failOver();
    for (const [number, { sequence }] of kept.entries()) {
      const entry = { text: 'kept', version: String(sequence), expired: false };
      expect(await stored(scene, keyAddress(number))).toMatchObject(entry);
    }
    expect(await stored(scene, keyAddress(4))).toBeUndefined();
    expect(await scene.two.count('tools', 16)).toBe(kept.length);
  });

  it('the fill of an entry that was lost is silent again, and its version another one', async () => {
    const head = await scene.one.found(KEY.partition, FIRST);
    await scene.world.cutOffReplica();
    const lost = await scene.load(writeOf(KEY, 'value'));
    await scene.world.failOver();
    const fill = await scene.load(writeOf(KEY, 'value'));
    expect([lost, fill]).toMatchObject([
      { outcome: 'silent', head },
      { outcome: 'silent', head },
    ]);
    expect('version' in fill && 'version' in lost && fill.version !== lost.version).toBe(true);
  });

  it('a fill under a lease that was lost is rejected, and stores nothing', async () => {
    const head = await scene.one.found(KEY.partition, FIRST);
    await scene.world.cutOffReplica();
    const lost = await scene.takeLease(KEY);
    await scene.world.failOver();
    expect(await scene.one.fill(writeOf(KEY, 'value'), lost)).toEqual({ outcome: 'rejected', head });
    expect(await stored(scene, KEY)).toBeUndefined();
    const token = await scene.takeLease(KEY);
    expect(await scene.one.fill(writeOf(KEY, 'value'), lost)).toMatchObject({ outcome: 'rejected' });
    expect(await scene.one.fill(writeOf(KEY, 'value'), token)).toMatchObject({ outcome: 'silent', waiters: false });
  });

  it('a lease holds again where it was lost that it had ended', async () => {
    await scene.one.found(KEY.partition, FIRST);
    const cleared = await scene.takeLease(KEY);
    const released = await scene.takeLease(OTHER);
    await scene.world.cutOffReplica();
    await scene.one.clear(KEY, NODE);
    await scene.one.release(OTHER, released);
    await scene.world.failOver();
    for (const address of [KEY, OTHER]) {
      expect((await scene.two.read(address, { token: scene.token(), leaseMs: LEASE_MS })).lease).toBe('wait');
    }
    expect(await scene.one.fill(writeOf(KEY, 'value'), cleared)).toMatchObject({ outcome: 'silent', waiters: true });
    expect(await scene.one.fill(writeOf(OTHER, 'value'), released)).toMatchObject({ outcome: 'silent', waiters: true });
  });
}

function losesControlState(scene: TierScene): void {
  it('scope clears are lost with their epochs, and later ones are above every one of them', async () => {
    const kept = await scene.one.clearScope(TAG, NODE);
    const before = await scene.one.control();
    await scene.world.cutOffReplica();
    await scene.one.clearScope(TAG, NODE);
    const lost = await scene.one.clearScope(OTHER_TAG, NODE);
    await scene.world.failOver();
    expect(await scene.two.control()).toEqual(before);
    const next = await scene.two.clearScope(OTHER_TAG, NODE);
    expect(next).toMatchObject({ incarnation: kept.incarnation, previous: kept.sequence });
    expect(next.sequence).toBeGreaterThan(lost.sequence);
    const epochs = (await scene.one.control())?.epochs ?? [];
    expect(epochs.toSorted((one, other) => one.sequence - other.sequence)).toEqual([
      { kind: 'clear-scope', scopeId: TAG, sequence: kept.sequence },
      { kind: 'clear-scope', scopeId: OTHER_TAG, sequence: next.sequence },
    ]);
    expect(await scene.log(CONTROL_PARTITION)).toMatchObject([
      { sequence: kept.sequence },
      { sequence: next.sequence, previous: kept.sequence },
    ]);
  });

  it('the list of members is the one that was there, and still tells of the same history (P3)', async () => {
    const { incarnation } = await scene.one.found(CONTROL_PARTITION, CONTROL_INCARNATION);
    await scene.one.beat(NODE, 'n1');
    await scene.world.cutOffReplica();
    await scene.one.beat(NODE, 'n2');
    await scene.two.beat(OTHER_NODE, 'n3');
    await scene.world.failOver();
    expect(await scene.two.members()).toEqual({ incarnation, nonces: new Map([[NODE, 'n1']]) });
  });

  it('settings that were lost are those of who comes next', async () => {
    await scene.world.cutOffReplica();
    await scene.one.settle(SETTINGS);
    await scene.world.failOver();
    const next = { ...SETTINGS, deltaMaxMs: 4_000 };
    expect(await scene.two.settle(next)).toEqual(next);
  });
}
