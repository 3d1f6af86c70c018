import fc from 'fast-check';
import { expect, it } from 'vitest';
import { keyIdOf, nearEntry } from '../test/near-entry.ts';
import type { NearEntry, NearRegion } from './index.ts';
import { NearCache } from './index.ts';

const KEYS = [...'abcdefgh'];
const NAMESPACES = ['tools', 'configs'] as const;
const BOUNDS = { entriesMax: 4, bytesMax: 12 };
const PARTITIONS = 3;

/** What a region must hold, by the plainest means: a map in the order of use, and a scan for everything else. */
class ReferenceRegion {
  readonly entries: Map<string, NearEntry> = new Map();
  evictions = 0;

  get bytes(): number {
    return [...this.entries.values()].reduce((sum, { bytes }) => sum + bytes, 0);
  }

  get(key: string): NearEntry | undefined {
    const entry = this.entries.get(key);
    this.entries.delete(key);
    if (entry !== undefined) this.entries.set(key, entry);
    return entry;
  }

  set(entry: NearEntry): void {
    this.entries.delete(entry.key);
    if (entry.bytes > BOUNDS.bytesMax) return;
    while (this.entries.size >= BOUNDS.entriesMax || this.bytes + entry.bytes > BOUNDS.bytesMax) {
      this.entries.delete([...this.entries.keys()][0] as string);
      this.evictions++;
    }
    this.entries.set(entry.key, entry);
  }

  deleteWhere(isGone: (entry: NearEntry) => boolean): void {
    for (const [key, entry] of this.entries) if (isGone(entry)) this.entries.delete(key);
  }
}

interface World {
  readonly near: NearCache;
  readonly regions: readonly NearRegion[];
  readonly references: readonly ReferenceRegion[];
}

function newWorld(): World {
  const near = new NearCache();
  return {
    near,
    regions: NAMESPACES.map(() => near.region(BOUNDS)),
    references: NAMESPACES.map(() => new ReferenceRegion()),
  };
}

interface Step {
  readonly kind: 'set' | 'get' | 'delete' | 'drop' | 'expire' | 'drop-partition' | 'drop-all';
  readonly space: 0 | 1;
  readonly key: string;
  readonly bytes: number;
}

const step: fc.Arbitrary<Step> = fc.record({
  kind: fc.oneof(
    { weight: 6, arbitrary: fc.constant('set' as const) },
    { weight: 3, arbitrary: fc.constantFrom('get' as const, 'delete' as const, 'drop' as const, 'expire' as const) },
    { weight: 1, arbitrary: fc.constantFrom('drop-partition' as const, 'drop-all' as const) },
  ),
  space: fc.constantFrom(0 as const, 1 as const),
  key: fc.constantFrom(...KEYS),
  bytes: fc.integer({ min: 1, max: BOUNDS.bytesMax + 1 }),
});

function partitionOf(key: string): number {
  return KEYS.indexOf(key) % PARTITIONS;
}

function take({ near, regions, references }: World, { kind, space, key, bytes }: Step): void {
  const keyId = keyIdOf(key, NAMESPACES[space]);
  const [region, reference] = [regions[space] as NearRegion, references[space] as ReferenceRegion];
  switch (kind) {
    case 'set': {
      const entry = nearEntry(key, { keyId, bytes, partition: partitionOf(key) });
      region.set(entry);
      return reference.set(entry);
    }
    case 'get':
      expect(region.get(key)).toBe(reference.get(key));
      return;
    case 'delete':
      region.delete(key);
      return reference.deleteWhere((entry) => entry.key === key);
    case 'drop':
      near.drop(keyId);
      return reference.deleteWhere((entry) => entry.keyId === keyId);
    case 'expire': {
      near.expire(keyId);
      const entry = reference.entries.get(key);
      if (entry !== undefined) expect(entry.freshUntilMs).toBe(-(2 ** 30));
      return;
    }
    case 'drop-partition': {
      const held = references.flatMap(({ entries }) => [...entries.values()]);
      const gone = held.filter(({ partition }) => partition === partitionOf(key));
      expect(near.dropPartition(partitionOf(key))).toBe(gone.length);
      for (const each of references) each.deleteWhere((entry) => gone.includes(entry));
      return;
    }
    case 'drop-all':
      near.dropAll();
      for (const each of references) each.deleteWhere(() => true);
  }
}

/** Compares counts without touching the order of use. */
function expectCountsEqual({ near, regions, references }: World): void {
  expect(near.entries).toBe(references.reduce((sum, { entries }) => sum + entries.size, 0));
  regions.forEach((region, at) => {
    const { entries, bytes, evictions } = references[at] as ReferenceRegion;
    expect([region.entries, region.bytes, region.evictions]).toEqual([entries.size, bytes, evictions]);
  });
}

/** Looks up every key, then drops what is left by its key id, one by one. */
function expectReachableBothWays({ near, regions, references }: World): void {
  regions.forEach((region, at) => {
    const { entries } = references[at] as ReferenceRegion;
    for (const key of KEYS) expect(region.get(key)).toBe(entries.get(key));
    for (const { key, keyId } of entries.values()) {
      const before = near.entries;
      near.drop(keyId);
      expect(region.get(key)).toBeUndefined();
      expect(near.entries).toBe(before - 1);
    }
  });
  expect(near.entries).toBe(0);
}

it('finds by key id exactly the entries there are by key, after any sequence of operations (P1)', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const world = newWorld();
      for (const each of steps) {
        take(world, each);
        expectCountsEqual(world);
      }
      expectReachableBothWays(world);
    }),
    { numRuns: 1_000 },
  );
});
