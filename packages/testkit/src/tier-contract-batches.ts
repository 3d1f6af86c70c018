import type { KeyAddress, TierRead } from '@lockstep/core';
import { decodeEntry } from '@lockstep/core';
import { expect, it } from 'vitest';
import type { TierScene } from './tier-scene.ts';
import { CONTROL_INCARNATION, keyAddress, LEASE_MS, NODE, SHORT_MS, writeOf } from './tier-scene.ts';

const PARTITIONS = 4;

export function readsMany(scene: TierScene): void {
  it('a batch of reads answers, in its order, what single reads do: heads, entries, their lives', async () => {
    const addresses = Array.from({ length: 20 }, (_, number) => keyAddress(number, 'tools', number % PARTITIONS));
    for (const address of addresses.slice(0, 12)) await scene.one.put(writeOf(address, `value ${address.keyId}`));
    await scene.one.expire(addresses[3] as KeyAddress, NODE);
    await scene.one.clear(addresses[4] as KeyAddress, NODE);
    const other = keyAddress(30, 'gateway-config', 9);
    await scene.one.put(writeOf(other, 'other'));
    const asked = [...addresses, other].reverse();
    const batch = await scene.two.readMany(asked);
    const singly = await Promise.all(asked.map((address) => scene.two.read(address)));
    expect(batch.map(comparable)).toEqual(singly.map(comparable));
    for (const [at, { entry }] of batch.entries()) {
      expect(Math.abs((entry?.remainingMs ?? 0) - (singly[at]?.entry?.remainingMs ?? 0))).toBeLessThan(10_000);
    }
  });

  it('a batch of reads takes no lease, and does not count as waiting', async () => {
    const [held, free] = [keyAddress(1), keyAddress(2)];
    const token = await scene.takeLease(held);
    expect((await scene.two.readMany([held, free])).map(({ lease }) => lease)).toEqual(['none', 'none']);
    expect(await scene.two.read(free, { token: scene.token(), leaseMs: LEASE_MS })).toMatchObject({ lease: 'granted' });
    expect(await scene.one.fill(writeOf(held, 'value'), token)).toMatchObject({ outcome: 'silent', waiters: false });
  });

  it('a batch of reads says how much of each life is left, and finds nothing of those that ended', async () => {
    const [ended, alive] = [keyAddress(1), keyAddress(2)];
    await scene.one.put(writeOf(ended, 'value', { ttlMs: SHORT_MS }));
    await scene.one.put(writeOf(alive, 'value'));
    await scene.world.passTime(SHORT_MS + 1);
    const [none, some] = await scene.two.readMany([ended, alive]);
    expect(none?.entry).toBeUndefined();
    expect(some?.entry?.remainingMs).toBeGreaterThan(0);
    expect(some?.entry?.remainingMs).toBeLessThanOrEqual(writeOf(alive, '').ttlMs - SHORT_MS);
  });

  it('a batch of none reads nothing; one of a partition that has no history says so', async () => {
    expect(await scene.two.readMany([])).toEqual([]);
    expect(await scene.two.readMany([keyAddress(1)])).toEqual([{ head: undefined, entry: undefined, lease: 'none' }]);
    const head = await scene.one.found(keyAddress(1).partition, CONTROL_INCARNATION);
    expect(await scene.two.readMany([keyAddress(1)])).toMatchObject([{ head }]);
  });

  it('a batch of very many reads answers all of them', async () => {
    const addresses = Array.from({ length: 1_300 }, (_, number) => keyAddress(number, 'tools', number % PARTITIONS));
    await scene.one.put(writeOf(addresses[1_299] as KeyAddress, 'last'));
    const reads = await scene.two.readMany(addresses);
    expect(reads.map(({ entry }) => entry !== undefined).indexOf(true)).toBe(1_299);
    expect(reads).toHaveLength(1_300);
  });
}

/** What of a read is the same a moment later. */
function comparable({ head, entry, lease }: TierRead): unknown {
  return { head, entry: entry && decodeEntry(entry.bytes), lease };
}
