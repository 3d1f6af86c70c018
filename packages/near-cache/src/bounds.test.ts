import { ConfigError } from '@lockstep/core';
import { describe, expect, it } from 'vitest';
import { nearEntry } from '../test/near-entry.ts';
import type { NearRegion } from './index.ts';
import { NearCache } from './index.ts';

function regionOf(entriesMax: number, bytesMax: number): { readonly near: NearCache; readonly region: NearRegion } {
  const near = new NearCache();
  return { near, region: near.region({ entriesMax, bytesMax }) };
}

function keysIn(region: NearRegion, keys: string): string {
  return [...keys].filter((key) => region.get(key) !== undefined).join('');
}

describe('a region that is full', () => {
  it('of entries lets the least recently used one go for each that comes', () => {
    const { near, region } = regionOf(3, 1_000);
    for (const key of 'abc') region.set(nearEntry(key));
    region.get('a');
    region.set(nearEntry('d'));
    expect(keysIn(region, 'abcd')).toBe('acd');
    expect([region.entries, region.evictions, near.entries]).toEqual([3, 1, 3]);
  });

  it('keeps what is read all the time, however many come', () => {
    const { region } = regionOf(80, 10_000);
    for (let index = 0; index < 80; index++) region.set(nearEntry(`key-${index}`));
    for (let index = 80; index < 500; index++) {
      for (const hot of ['key-0', 'key-40', 'key-79']) expect(region.get(hot)?.key).toBe(hot);
      region.set(nearEntry(`key-${index}`));
    }
    expect([region.entries, region.evictions]).toEqual([80, 420]);
    expect(region.get('key-1')).toBeUndefined();
  });

  it('of bytes lets as many go as the one that comes needs', () => {
    const { near, region } = regionOf(100, 10);
    for (const key of 'abc') region.set(nearEntry(key, { bytes: 3 }));
    expect(region.bytes).toBe(9);
    region.set(nearEntry('d', { bytes: 5 }));
    expect(keysIn(region, 'abcd')).toBe('cd');
    expect([region.bytes, region.evictions, near.entries]).toEqual([8, 2, 2]);
  });

  it('lets others go when an entry is replaced by a larger one, and not the one that replaces it', () => {
    const { near, region } = regionOf(100, 10);
    for (const key of 'abc') region.set(nearEntry(key, { bytes: 3 }));
    region.set(nearEntry('a', { bytes: 9 }));
    expect(keysIn(region, 'abc')).toBe('a');
    expect([region.bytes, region.evictions, near.entries]).toEqual([9, 2, 1]);
  });

  it('costs no other region anything: each has bounds of its own', () => {
    const near = new NearCache();
    const [small, large] = [near.region({ entriesMax: 1, bytesMax: 10 }), near.region({ entriesMax: 9, bytesMax: 90 })];
    large.set(nearEntry('a'));
    for (const key of 'bcd') small.set(nearEntry(key));
    expect([small.entries, large.entries, near.entries]).toEqual([1, 1, 2]);
    expect([small.evictions, large.evictions]).toEqual([2, 0]);
    expect(large.get('a')?.key).toBe('a');
  });
});

describe('a region without a bound', () => {
  it.each([
    { entriesMax: 0, bytesMax: 10 },
    { entriesMax: 10, bytesMax: 0 },
    { entriesMax: 1.5, bytesMax: 10 },
    { entriesMax: Number.POSITIVE_INFINITY, bytesMax: 10 },
    { entriesMax: 10, bytesMax: Number.NaN },
  ])('is refused: $entriesMax entries, $bytesMax bytes', (options) => {
    const near = new NearCache();
    expect(() => near.region(options)).toThrow(ConfigError);
    expect(near.dropAll()).toBe(0);
  });
});

describe('an entry larger than its region', () => {
  it('is not kept, and no other goes for it', () => {
    const { near, region } = regionOf(100, 10);
    region.set(nearEntry('a', { bytes: 9 }));
    region.set(nearEntry('b', { bytes: 11 }));
    expect(keysIn(region, 'ab')).toBe('a');
    expect([region.entries, region.bytes, region.evictions, near.entries]).toEqual([1, 9, 0, 1]);
  });

  it('takes the older one of its key with it: that is no longer the value (P2)', () => {
    const { near, region } = regionOf(100, 10);
    region.set(nearEntry('a', { bytes: 1 }));
    region.set(nearEntry('a', { bytes: 11 }));
    expect(region.get('a')).toBeUndefined();
    expect([region.entries, region.bytes, near.entries]).toEqual([0, 0, 0]);
  });

  it('is kept when it is exactly as large', () => {
    const { region } = regionOf(100, 10);
    region.set(nearEntry('a', { bytes: 10 }));
    expect(region.get('a')?.bytes).toBe(10);
  });
});

describe('an entry without bytes', () => {
  it('counts as one, so that no number of them is free', () => {
    const { region } = regionOf(100, 2);
    for (const key of 'abc') region.set(nearEntry(key, { bytes: 0 }));
    expect([region.entries, region.bytes]).toEqual([2, 2]);
  });
});

describe('an entry that leaves by an event or is replaced', () => {
  it('gives its bytes back and is no eviction', () => {
    const { near, region } = regionOf(100, 10);
    region.set(nearEntry('a', { bytes: 4 }));
    region.set(nearEntry('a', { bytes: 2 }));
    expect(region.bytes).toBe(2);
    near.drop(nearEntry('a').keyId);
    region.set(nearEntry('b', { bytes: 7 }));
    region.delete('b');
    expect([region.entries, region.bytes, region.evictions]).toEqual([0, 0, 0]);
  });
});
