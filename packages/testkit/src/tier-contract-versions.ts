import { expect, it } from 'vitest';
import type { TierScene } from './tier-scene.ts';
import { CONTROL_INCARNATION, keyAddress, LEASE_MS, NODE, SHORT_MS, stored, writeOf } from './tier-scene.ts';

const KEY = keyAddress(1);

export function comparesVersions(scene: TierScene): void {
  putsByVersion(scene);
  clearsByVersion(scene);
}

function putsByVersion(scene: TierScene): void {
  it('a put by version is an event like any put, where the entry is of that version', async () => {
    const first = await scene.one.put(writeOf(KEY, 'first'));
    const compared = await scene.two.compareAndPut(writeOf(KEY, 'second'), String(first.sequence));
    expect(compared).toMatchObject({
      outcome: 'committed',
      commit: { incarnation: first.incarnation, previous: first.sequence },
    });
    const sequence = compared.outcome === 'committed' ? compared.commit.sequence : undefined;
    expect(await stored(scene, KEY)).toMatchObject({ text: 'second', version: String(sequence), expired: false });
    expect((await scene.log(KEY.partition)).at(-1)).toMatchObject({
      sequence,
      previous: first.sequence,
      effect: { kind: 'put', keyId: KEY.keyId },
    });
    expect(await scene.one.count(KEY.namespace, 16)).toBe(1);
  });

  it('a put by another version writes nothing, is no event, and tells the version', async () => {
    const first = await scene.one.put(writeOf(KEY, 'first'));
    const second = await scene.one.put(writeOf(KEY, 'second'));
    const differs = { outcome: 'differs', version: String(second.sequence) };
    expect(await scene.two.compareAndPut(writeOf(KEY, 'third'), String(first.sequence))).toEqual(differs);
    expect(await scene.two.compareAndPut(writeOf(KEY, 'third'), '')).toEqual(differs);
    expect(await stored(scene, KEY)).toMatchObject({ text: 'second' });
    expect((await scene.one.heads([KEY.partition]))[0]?.sequence).toBe(second.sequence);
  });

  it('a put by no version makes the entry, if there is none', async () => {
    const late = await scene.one.compareAndPut(writeOf(KEY, 'value'), '17');
    expect(late).toEqual({ outcome: 'differs', version: '' });
    expect((await scene.one.heads([KEY.partition]))[0]).toBeUndefined();
    expect(await scene.one.compareAndPut(writeOf(KEY, 'value'), '')).toMatchObject({ outcome: 'committed' });
    expect(await stored(scene, KEY)).toMatchObject({ text: 'value' });
  });

  it('of those who put by one version at once, one is committed', async () => {
    const { sequence } = await scene.one.put(writeOf(KEY, 'first'));
    const writers = Array.from({ length: 10 }, (_, index) => (index % 2 === 0 ? scene.one : scene.two));
    const all = await Promise.all(
      writers.map((tier, index) => tier.compareAndPut(writeOf(KEY, `from ${index}`), String(sequence))),
    );
    expect(all.filter(({ outcome }) => outcome === 'committed')).toHaveLength(1);
    const winner = all.findIndex(({ outcome }) => outcome === 'committed');
    expect(await stored(scene, KEY)).toMatchObject({ text: `from ${winner}` });
  });

  it('an expired entry has its version yet; one whose life is over has none; a fill has one of its own', async () => {
    const { sequence } = await scene.one.put(writeOf(KEY, 'value', { ttlMs: SHORT_MS }));
    await scene.one.expire(KEY, NODE);
    expect(await scene.two.compareAndPut(writeOf(KEY, 'other'), '')).toEqual({
      outcome: 'differs',
      version: String(sequence),
    });
    await scene.world.passTime(SHORT_MS + 1);
    expect(await scene.two.compareAndClear(KEY, String(sequence), NODE)).toEqual({ outcome: 'differs', version: '' });
    const filled = await scene.load(writeOf(KEY, 'filled'));
    const version = filled.outcome === 'silent' ? filled.version : '';
    expect(await scene.two.compareAndPut(writeOf(KEY, 'value'), version)).toMatchObject({ outcome: 'committed' });
  });

  it('a load under way loses its lease to a put by version, and keeps it where that differs (P4)', async () => {
    await scene.one.found(KEY.partition, CONTROL_INCARNATION);
    const kept = await scene.takeLease(KEY);
    await scene.two.compareAndPut(writeOf(KEY, 'written'), '17');
    expect(await scene.one.fill(writeOf(KEY, 'loaded'), kept)).toMatchObject({ outcome: 'silent' });
    const other = keyAddress(2);
    const lost = await scene.takeLease(other);
    expect(await scene.two.compareAndPut(writeOf(other, 'written'), '')).toMatchObject({ outcome: 'committed' });
    expect(await scene.one.fill(writeOf(other, 'loaded'), lost)).toMatchObject({ outcome: 'rejected' });
    expect(await stored(scene, other)).toMatchObject({ text: 'written' });
  });
}

function clearsByVersion(scene: TierScene): void {
  it('a clear by version removes the entry of that version, and no other', async () => {
    const first = await scene.one.put(writeOf(KEY, 'first'));
    const second = await scene.one.put(writeOf(KEY, 'second'));
    expect(await scene.two.compareAndClear(KEY, String(first.sequence), NODE)).toEqual({
      outcome: 'differs',
      version: String(second.sequence),
    });
    expect(await stored(scene, KEY)).toMatchObject({ text: 'second' });
    expect(await scene.two.compareAndClear(KEY, String(second.sequence), NODE)).toMatchObject({
      outcome: 'committed',
      commit: { previous: second.sequence },
    });
    expect(await stored(scene, KEY)).toBeUndefined();
    expect(await scene.one.count(KEY.namespace, 16)).toBe(0);
    expect((await scene.log(KEY.partition)).at(-1)).toMatchObject({ effect: { kind: 'clear', keyId: KEY.keyId } });
  });

  it('a clear by no version, where nothing is, is an event and ends a load under way', async () => {
    await scene.one.found(KEY.partition, CONTROL_INCARNATION);
    const token = scene.token();
    await scene.one.read(KEY, { token, leaseMs: LEASE_MS });
    expect(await scene.two.compareAndClear(KEY, '', NODE)).toMatchObject({ outcome: 'committed' });
    expect(await scene.one.fill(writeOf(KEY, 'loaded'), token)).toMatchObject({ outcome: 'rejected' });
  });
}
