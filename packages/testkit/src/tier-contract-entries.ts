import { decodeEntry, encodeBody } from '@lockstep/core';
import { expect, it } from 'vitest';
import type { TierScene } from './tier-scene.ts';
import { keyAddress, LEASE_MS, NODE, SHORT_MS, stored, TTL_MS, writeOf } from './tier-scene.ts';

const KEY = keyAddress(1);

export function storesEntries(scene: TierScene): void {
  readsWhatWasWritten(scene);
  endsEntries(scene);
  countsEntries(scene);
}

function readsWhatWasWritten(scene: TierScene): void {
  it('a put is read by every node: its bytes, where it was born, and its version', async () => {
    const write = writeOf(KEY, 'value');
    const commit = await scene.one.put(write);
    const { head, entry } = await scene.two.read(KEY);
    expect(head).toEqual({ incarnation: commit.incarnation, sequence: commit.sequence });
    expect(decodeEntry(entry?.bytes ?? new Uint8Array())).toMatchObject({
      expired: false,
      version: String(commit.sequence),
      versionSequence: commit.sequence,
      born: write.born,
      fingerprint: write.fingerprint,
    });
    expect(await stored(scene, KEY)).toMatchObject({ text: 'value' });
  });

  it('every byte comes back as it was written', async () => {
    const payload = Uint8Array.from({ length: 1_024 }, (_, index) => index % 256);
    const body = encodeBody({ codec: 3, packing: 1, graceMs: 5, tags: [], payload });
    await scene.one.put(writeOf(KEY, 'bytes', { body }));
    const { entry } = await scene.two.read(KEY);
    expect(Uint8Array.from(decodeEntry(entry?.bytes ?? new Uint8Array())?.payload ?? [])).toEqual(payload);
  });

  it('an entry says how much of its life is left, and ends with it', async () => {
    await scene.one.put(writeOf(KEY, 'value'));
    const remainingMs = (await stored(scene, KEY))?.remainingMs ?? Number.NaN;
    expect(remainingMs).toBeGreaterThan(TTL_MS / 2);
    expect(remainingMs).toBeLessThanOrEqual(TTL_MS);
    await scene.one.put(writeOf(KEY, 'value', { ttlMs: SHORT_MS }));
    await scene.world.passTime(SHORT_MS + 1);
    expect(await stored(scene, KEY)).toBeUndefined();
  });
}

function endsEntries(scene: TierScene): void {
  it('a clear removes the entry; it is an event also where nothing was', async () => {
    await scene.one.put(writeOf(KEY, 'value'));
    const first = await scene.two.clear(KEY, NODE);
    expect(await stored(scene, KEY)).toBeUndefined();
    expect(await scene.two.clear(KEY, NODE)).toMatchObject({ previous: first.sequence });
  });

  it('an expire keeps the entry, flagged, for the rest of its life; it is an event also where nothing was', async () => {
    await scene.one.put(writeOf(KEY, 'value'));
    const first = await scene.two.expire(KEY, NODE);
    const entry = await stored(scene, KEY);
    expect(entry).toMatchObject({ text: 'value', expired: true });
    expect(entry?.remainingMs).toBeGreaterThan(TTL_MS / 2);
    expect(await scene.two.expire(keyAddress(2), NODE)).toMatchObject({ previous: first.sequence });
    expect(await stored(scene, keyAddress(2))).toBeUndefined();
  });

  it('an expired entry is answered with the lease to load it anew', async () => {
    await scene.one.put(writeOf(KEY, 'value'));
    await scene.one.expire(KEY, NODE);
    const granted = await scene.one.read(KEY, { token: scene.token(), leaseMs: LEASE_MS });
    expect(granted.lease).toBe('granted');
    expect(decodeEntry(granted.entry?.bytes ?? new Uint8Array())).toMatchObject({ expired: true });
    const waiting = await scene.two.read(KEY, { token: scene.token(), leaseMs: LEASE_MS });
    expect(waiting.lease).toBe('wait');
    expect(waiting.entry).toBeDefined();
  });

  it('a put over an expired entry makes it fresh', async () => {
    await scene.one.put(writeOf(KEY, 'value'));
    await scene.one.expire(KEY, NODE);
    await scene.one.put(writeOf(KEY, 'value'));
    expect(await stored(scene, KEY)).toMatchObject({ text: 'value', expired: false });
  });
}

function countsEntries(scene: TierScene): void {
  it('keys, namespaces and partitions do not touch', async () => {
    await scene.one.put(writeOf(KEY, 'value'));
    await scene.one.put(writeOf(keyAddress(2), 'second'));
    await scene.one.put(writeOf(keyAddress(1, 'tools', 4), 'elsewhere'));
    await scene.one.clear(KEY, NODE);
    expect(await stored(scene, keyAddress(2))).toMatchObject({ text: 'second' });
    expect(await stored(scene, keyAddress(1, 'tools', 4))).toMatchObject({ text: 'elsewhere' });
  });

  it('a count covers a namespace over all partitions: what was cleared or has ended its life is not in it', async () => {
    const partitions = 4;
    for (let number = 0; number < 8; number++) {
      await scene.one.put(writeOf(keyAddress(number, 'tools', number % partitions), 'value'));
    }
    await scene.load(writeOf(keyAddress(8, 'tools', 0), 'filled'));
    await scene.one.put(writeOf(keyAddress(9, 'gateway-config', 1), 'value'));
    expect(await scene.two.count('tools', partitions)).toBe(9);
    expect(await scene.two.count('gateway-config', partitions)).toBe(1);
    await scene.one.put(writeOf(keyAddress(0, 'tools', 0), 'again'));
    await scene.one.expire(keyAddress(1, 'tools', 1), NODE);
    expect(await scene.two.count('tools', partitions)).toBe(9);
    await scene.one.clear(keyAddress(2, 'tools', 2), NODE);
    await scene.one.put(writeOf(keyAddress(3, 'tools', 3), 'value', { ttlMs: SHORT_MS }));
    await scene.world.passTime(SHORT_MS + 1);
    expect(await scene.two.count('tools', partitions)).toBe(7);
    expect(await scene.two.count('oauth-token', partitions)).toBe(0);
  });
}
