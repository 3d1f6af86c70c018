import { expect, it } from 'vitest';
import type { TierScene } from './tier-scene.ts';
import { CONTROL_INCARNATION, keyAddress, LEASE_MS, NODE, SHORT_MS, stored, writeOf } from './tier-scene.ts';

const KEY = keyAddress(1);

export function grantsLeases(scene: TierScene): void {
  leasesOneLoader(scene);
  endsLeases(scene);
  leasesOverEntries(scene);
}

function leasesOneLoader(scene: TierScene): void {
  it('of many who miss at once, one is granted the lease and the others wait (P5)', async () => {
    const readers = Array.from({ length: 20 }, (_, index) => (index % 2 === 0 ? scene.one : scene.two));
    const reads = await Promise.all(readers.map((tier) => tier.read(KEY, { token: scene.token(), leaseMs: LEASE_MS })));
    const leases = reads.map((read) => read.lease);
    expect(leases.filter((lease) => lease === 'granted')).toHaveLength(1);
    expect(leases.filter((lease) => lease === 'wait')).toHaveLength(19);
  });

  it('a read that asks for no lease takes none, and does not count as waiting', async () => {
    expect((await scene.two.read(KEY)).lease).toBe('none');
    const token = await scene.takeLease(KEY);
    expect((await scene.two.read(KEY)).lease).toBe('none');
    expect(await scene.one.fill(writeOf(KEY, 'value'), token)).toMatchObject({ outcome: 'silent', waiters: false });
  });

  it('a fill says that somebody waits where a reader was told to', async () => {
    const token = await scene.takeLease(KEY);
    expect((await scene.two.read(KEY, { token: scene.token(), leaseMs: LEASE_MS })).lease).toBe('wait');
    expect(await scene.one.fill(writeOf(KEY, 'value'), token)).toMatchObject({ outcome: 'silent', waiters: true });
  });

  it('a fresh entry is answered without a lease, though one was asked for', async () => {
    await scene.one.put(writeOf(KEY, 'value'));
    const read = await scene.two.read(KEY, { token: scene.token(), leaseMs: LEASE_MS });
    expect(read.lease).toBe('none');
    expect(read.entry).toBeDefined();
  });
}

function endsLeases(scene: TierScene): void {
  it('a lease past its deadline is granted again, and its old holder is rejected', async () => {
    const late = await scene.takeLease(KEY, SHORT_MS);
    await scene.world.passTime(SHORT_MS);
    const token = await scene.takeLease(KEY);
    expect(await scene.one.fill(writeOf(KEY, 'late'), late)).toMatchObject({ outcome: 'rejected' });
    expect(await scene.one.fill(writeOf(KEY, 'value'), token)).toMatchObject({ outcome: 'silent' });
    expect(await stored(scene, KEY)).toMatchObject({ text: 'value' });
  });

  it('a fill past the deadline is rejected, though nobody else took the lease', async () => {
    const late = await scene.takeLease(KEY, SHORT_MS);
    await scene.world.passTime(SHORT_MS);
    expect(await scene.one.fill(writeOf(KEY, 'late'), late)).toMatchObject({ outcome: 'rejected' });
    expect(await stored(scene, KEY)).toBeUndefined();
  });

  it('a fill without the lease is rejected, stores nothing, and leaves the lease to its holder', async () => {
    const token = await scene.takeLease(KEY);
    expect(await scene.two.fill(writeOf(KEY, 'other'), 'no-such-token')).toEqual({
      outcome: 'rejected',
      head: undefined,
    });
    expect(await stored(scene, KEY)).toBeUndefined();
    expect(await scene.one.fill(writeOf(KEY, 'value'), token)).toMatchObject({ outcome: 'silent' });
  });

  it('a token fills once', async () => {
    const token = await scene.takeLease(KEY);
    await scene.one.fill(writeOf(KEY, 'value'), token);
    expect(await scene.one.fill(writeOf(KEY, 'again'), token)).toMatchObject({ outcome: 'rejected' });
    expect(await stored(scene, KEY)).toMatchObject({ text: 'value' });
  });

  it('a released lease goes to the next reader; a release by somebody else changes nothing', async () => {
    const token = await scene.takeLease(KEY);
    expect(await scene.two.release(KEY, 'no-such-token')).toEqual({ waiters: false });
    expect((await scene.two.read(KEY, { token: scene.token(), leaseMs: LEASE_MS })).lease).toBe('wait');
    expect(await scene.one.release(KEY, token)).toEqual({ waiters: true });
    const next = await scene.takeLease(KEY);
    expect(await scene.one.release(KEY, next)).toEqual({ waiters: false });
  });

  const overtakers: readonly (readonly [string, () => Promise<unknown>, string | undefined])[] = [
    ['a clear', () => scene.two.clear(KEY, NODE), undefined],
    ['an expire', () => scene.two.expire(KEY, NODE), undefined],
    ['a put', () => scene.two.put(writeOf(KEY, 'newer')), 'newer'],
  ];
  it.each(overtakers)('a load that %s overtook is never stored (P4)', async (_, overtake, left) => {
    await scene.one.found(KEY.partition, CONTROL_INCARNATION);
    const token = await scene.takeLease(KEY);
    await overtake();
    expect(await scene.one.fill(writeOf(KEY, 'older'), token)).toMatchObject({ outcome: 'rejected' });
    expect((await stored(scene, KEY))?.text).toBe(left);
  });
}

function leasesOverEntries(scene: TierScene): void {
  it('a lease over an entry of that version is granted, and the entry stays until the fill', async () => {
    const put = await scene.one.put(writeOf(KEY, 'dead'));
    const token = scene.token();
    const read = await scene.one.readOver(KEY, String(put.sequence), { token, leaseMs: LEASE_MS });
    expect(read.lease).toBe('granted');
    expect(await stored(scene, KEY)).toMatchObject({ text: 'dead' });
    const other = await scene.two.readOver(KEY, String(put.sequence), { token: scene.token(), leaseMs: LEASE_MS });
    expect(other.lease).toBe('wait');
    expect(await scene.one.fill(writeOf(KEY, 'value'), token)).toMatchObject({ outcome: 'loud', waiters: true });
    expect(await stored(scene, KEY)).toMatchObject({ text: 'value' });
  });

  it('there is no lease over an entry of another version: it is answered instead', async () => {
    const dead = await scene.one.put(writeOf(KEY, 'dead'));
    await scene.two.put(writeOf(KEY, 'value'));
    const read = await scene.one.readOver(KEY, String(dead.sequence), { token: scene.token(), leaseMs: LEASE_MS });
    expect(read.lease).toBe('none');
    expect(await stored(scene, KEY)).toMatchObject({ text: 'value' });
  });

  it('leases of different keys of one partition do not touch', async () => {
    await scene.one.found(KEY.partition, CONTROL_INCARNATION);
    const token = await scene.takeLease(KEY);
    const other = await scene.takeLease(keyAddress(2));
    expect(await scene.one.release(keyAddress(2), token)).toEqual({ waiters: false });
    expect(await scene.one.fill(writeOf(KEY, 'value'), token)).toMatchObject({ outcome: 'silent' });
    expect(await scene.one.fill(writeOf(keyAddress(2), 'value'), other)).toMatchObject({ outcome: 'silent' });
  });
}
