import { describe, expect, it } from 'vitest';
import { nearEntry } from '../test/near-entry.ts';
import { NearCache } from './index.ts';

function filled(...keys: readonly string[]) {
  const near = new NearCache();
  const region = near.region({ entriesMax: 10, bytesMax: 1_000 });
  for (const key of keys) region.set(nearEntry(key));
  return { near, region, sample: (count: number) => near.sample(count).map(({ key }) => key) };
}

describe('a sample of the near-cache', () => {
  it('goes on where the last one ended, and begins again at the end', () => {
    const { sample } = filled('a', 'b', 'c');
    expect([sample(2), sample(2), sample(2), sample(0)]).toEqual([['a', 'b'], ['c'], ['a', 'b'], []]);
  });

  it('begins again at once where the last one ended with the last entry', () => {
    const { sample } = filled('a', 'b');
    expect([sample(2), sample(2)]).toEqual([
      ['a', 'b'],
      ['a', 'b'],
    ]);
  });

  it('is empty where nothing is, and finds what came later', () => {
    const { sample, region } = filled();
    expect(sample(3)).toEqual([]);
    region.set(nearEntry('a'));
    expect(sample(3)).toEqual(['a']);
  });

  it('skips what was dropped meanwhile', () => {
    const { sample, region } = filled('a', 'b', 'c');
    expect(sample(1)).toEqual(['a']);
    region.delete('b');
    expect(sample(2)).toEqual(['c']);
  });
});

it('holds an entry until a later one of its key takes its place', () => {
  const { near, region } = filled();
  const [first, second] = [nearEntry('a'), nearEntry('a')];
  region.set(first);
  expect(near.holds(first)).toBe(true);
  region.set(second);
  expect([near.holds(first), near.holds(second)]).toEqual([false, true]);
});
