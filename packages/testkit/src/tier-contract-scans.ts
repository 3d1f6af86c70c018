import type { ScannedEntry } from '@lockstep/core';
import { decodeEntry, ENTRY_HEAD_BYTES_MAX } from '@lockstep/core';
import { expect, it } from 'vitest';
import type { TierScene } from './tier-scene.ts';
import { keyAddress, NODE, writeOf } from './tier-scene.ts';

const KEY = keyAddress(1);
const MANY = 300;
const PAGE = 20;

export function scansEntries(scene: TierScene): void {
  /** Everything that page after page finds, each once. */
  async function scanned(namespace: string = KEY.namespace): Promise<readonly ScannedEntry[]> {
    const found = new Map<string, ScannedEntry>();
    let cursor = '0';
    do {
      const page = await scene.two.scan({ partition: KEY.partition, namespace }, cursor, PAGE);
      for (const entry of page.entries) found.set(entry.keyId, entry);
      cursor = page.cursor;
    } while (cursor !== '0');
    return [...found.values()];
  }

  it('a scan finds all entries of a namespace in a partition, page by page, and no other', async () => {
    const addresses = Array.from({ length: MANY }, (_, number) => keyAddress(number));
    await Promise.all(addresses.map((address) => scene.one.put(writeOf(address, 'value'))));
    await scene.one.put(writeOf(keyAddress(1, 'others'), 'value'));
    await scene.one.put(writeOf(keyAddress(2, KEY.namespace, KEY.partition + 1), 'value'));
    await scene.one.clear(keyAddress(7), NODE);
    const found = await scanned();
    const wanted = addresses.filter((_, number) => number !== 7).map(({ keyId }) => keyId);
    expect(found.map(({ keyId }) => keyId).sort()).toEqual(wanted.sort());
    expect(await scanned('nothing')).toEqual([]);
  });

  it('a scan tells what was written of an entry, and how large it is, without all of its payload', async () => {
    const write = writeOf(KEY, 'v'.repeat(10_000));
    const { sequence } = await scene.one.put(write);
    const [found] = await scanned();
    const { entry } = await scene.one.read(KEY);
    expect(found?.bytes).toBe(entry?.bytes.length);
    const head = decodeEntry(found?.head.subarray(0, ENTRY_HEAD_BYTES_MAX) ?? new Uint8Array());
    expect(head).toMatchObject({ version: String(sequence), born: write.born, fingerprint: write.fingerprint });
  });

  it('a scan passes over an entry that the tier evicted', async () => {
    await scene.one.put(writeOf(KEY, 'value'));
    await scene.world.evict(KEY);
    expect(await scanned()).toEqual([]);
  });

  it('an entry is reclaimed without an event if it is of the version asked for, and a later fill is loud', async () => {
    const { sequence } = await scene.one.put(writeOf(KEY, 'value'));
    const [head] = await scene.one.heads([KEY.partition]);
    expect(await scene.two.reclaim(KEY, '1')).toBe(false);
    expect((await scene.one.read(KEY)).entry).toBeDefined();
    expect(await scene.two.reclaim(KEY, String(sequence))).toBe(true);
    expect(await scene.two.reclaim(KEY, String(sequence))).toBe(false);
    expect((await scene.one.read(KEY)).entry).toBeUndefined();
    expect(await scene.one.heads([KEY.partition])).toEqual([head]);
    expect(await scene.load(writeOf(KEY, 'other'))).toMatchObject({ outcome: 'loud' });
  });
}
