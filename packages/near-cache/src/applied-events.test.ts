import type { ScopeId } from '@lockstep/core';
import { EVERYTHING } from '@lockstep/core';
import { describe, expect, it } from 'vitest';
import { keyIdOf, nearEntry } from '../test/near-entry.ts';
import type { NearEntry, NearRegion } from './index.ts';
import { isFreshnessEnded, NearCache } from './index.ts';

const BOUNDS = { entriesMax: 100, bytesMax: 1_000 };

function twoRegions(): { readonly near: NearCache; readonly tools: NearRegion; readonly configs: NearRegion } {
  const near = new NearCache();
  return { near, tools: near.region(BOUNDS), configs: near.region(BOUNDS) };
}

describe('dropping a key', () => {
  it('takes its entry, and none of another key or of an equal key of another namespace', () => {
    const { near, tools, configs } = twoRegions();
    tools.set(nearEntry('a'));
    tools.set(nearEntry('b'));
    configs.set(nearEntry('a', { keyId: keyIdOf('a', 'configs') }));
    near.drop(keyIdOf('a'));
    expect([tools.get('a'), tools.get('b')?.key, configs.get('a')?.key]).toEqual([undefined, 'b', 'a']);
    expect(near.entries).toBe(2);
  });

  it('takes the entry that replaced an older one', () => {
    const { near, tools } = twoRegions();
    tools.set(nearEntry('a', { version: '1' }));
    tools.set(nearEntry('a', { version: '2' }));
    expect(near.entries).toBe(1);
    near.drop(keyIdOf('a'));
    expect(tools.get('a')).toBeUndefined();
  });

  it('takes an entry that was dropped before and came back', () => {
    const { near, tools } = twoRegions();
    for (let round = 0; round < 2; round++) {
      tools.set(nearEntry('a'));
      near.drop(keyIdOf('a'));
      expect(tools.get('a')).toBeUndefined();
    }
  });

  it('that is not here does nothing', () => {
    const { near, tools } = twoRegions();
    tools.set(nearEntry('a'));
    near.drop(keyIdOf('b'));
    expect(near.entries).toBe(1);
  });
});

describe('expiring a key', () => {
  it('ends the freshness of its entry, which stays as a stale value', () => {
    const { near, tools } = twoRegions();
    tools.set(nearEntry('a', { freshUntilMs: 1_000, staleUntilMs: 2_000 }));
    tools.set(nearEntry('b', { freshUntilMs: 1_000 }));
    near.expire(keyIdOf('a'));
    expect(tools.get('a')).toMatchObject({ freshUntilMs: -(2 ** 30), staleUntilMs: 2_000 });
    expect(tools.get('b')?.freshUntilMs).toBe(1_000);
  });

  it('says nothing about the entry that replaces it', () => {
    const { near, tools } = twoRegions();
    tools.set(nearEntry('a'));
    near.expire(keyIdOf('a'));
    tools.set(nearEntry('a', { freshUntilMs: 5_000 }));
    expect(tools.get('a')?.freshUntilMs).toBe(5_000);
  });

  it('that is not here does nothing', () => {
    const { near } = twoRegions();
    near.expire(keyIdOf('a'));
    expect(near.entries).toBe(0);
  });
});

describe('dropping a partition', () => {
  it('takes its entries of all namespaces, and none of another partition (P7)', () => {
    const { near, tools, configs } = twoRegions();
    tools.set(nearEntry('a', { partition: 3 }));
    tools.set(nearEntry('b', { partition: 4 }));
    tools.set(nearEntry('c', { partition: 3 }));
    configs.set(nearEntry('d', { partition: 3 }));
    expect(near.dropPartition(3)).toBe(3);
    expect([tools.entries, configs.entries, near.entries]).toEqual([1, 0, 1]);
    expect(tools.get('b')?.key).toBe('b');
    expect(near.dropPartition(3)).toBe(0);
  });
});

describe('dropping everything', () => {
  it('takes every entry of every namespace, and leaves regions that can be used again (P7)', () => {
    const { near, tools, configs } = twoRegions();
    for (const key of 'abc') tools.set(nearEntry(key));
    configs.set(nearEntry('d'));
    expect(near.dropAll()).toBe(4);
    expect([tools.entries, tools.bytes, configs.entries, near.entries]).toEqual([0, 0, 0, 0]);
    expect(near.dropAll()).toBe(0);
    tools.set(nearEntry('a'));
    near.drop(keyIdOf('a'));
    expect(tools.get('a')).toBeUndefined();
  });
});

describe('dropping a scope, or expiring it', () => {
  const RED = 'd'.repeat(32) as ScopeId;
  const BLUE = 'b'.repeat(32) as ScopeId;

  it.each([
    ['everything', EVERYTHING, ['a', 'b', 'c']],
    ['a namespace', nearEntry('a').namespace, ['a', 'b']],
    ['a tag', RED, ['a', 'c']],
    ['a tag that no entry has', 'e'.repeat(32) as ScopeId, []],
  ] as const)('%s: ends its entries, in all regions, and no other', (_, scopeId, ended) => {
    for (const verb of ['dropScope', 'expireScope'] as const) {
      const { near, tools, configs } = twoRegions();
      tools.set(nearEntry('a', { tags: [BLUE, RED] }));
      tools.set(nearEntry('b', { tags: [BLUE] }));
      configs.set(
        nearEntry('c', { keyId: keyIdOf('c', 'configs'), namespace: 'f'.repeat(32) as ScopeId, tags: [RED] }),
      );
      near[verb](scopeId);
      const isEnded = (entry: NearEntry | undefined): boolean => entry === undefined || isFreshnessEnded(entry);
      const left = [tools.get('a'), tools.get('b'), configs.get('c')].map(isEnded);
      expect(left).toEqual(['a', 'b', 'c'].map((key) => (ended as readonly string[]).includes(key)));
      expect(near.entries).toBe(verb === 'dropScope' ? 3 - ended.length : 3);
    }
  });
});
