import type { NearView } from '@lockstep/admin-api';
import { expect, it } from 'vitest';
import { lookupsOf, NodeSamples } from './lookups.ts';

function near(counts: Partial<NearView>): NearView {
  const none = { entries: 2, bytes: 100, nearHits: 0, tierHits: 0, loads: 0, loadsFailed: 0 };
  return { ...none, staleAnswers: 0, degradedAnswers: 0, evictions: 0, ...counts };
}

const at = (atMs: number, isOwn = true) => ({ atMs, isOwn });

it('a node that has been asked once has a ratio since its start, and nothing recent', () => {
  const samples = new NodeSamples();
  samples.add({ tools: near({ nearHits: 5, tierHits: 1, loads: 2 }), keys: near({ nearHits: 2 }) }, at(0));
  expect(lookupsOf([samples.counted()])).toEqual({
    ...{ hitRatio: 0.8, recentHitRatio: null, recentPerSecond: null },
    ...{ entries: 4, bytes: 200, loads: 2 },
  });
  expect(lookupsOf([samples.counted('tools')]).hitRatio).toBe(0.75);
  expect(lookupsOf([new NodeSamples().counted()]).hitRatio).toBe(null);
});

it('what is recent is what was counted within the last ten seconds', () => {
  const samples = new NodeSamples();
  // A load a second at first, then hits alone.
  for (let second = 0; second <= 30; second++) {
    const loads = Math.min(second, 10);
    samples.add({ tools: near({ loads, nearHits: 4 * (second - loads) }) }, at(second * 1_000));
  }
  const { hitRatio, recentHitRatio, recentPerSecond } = lookupsOf([samples.counted()]);
  expect([hitRatio, recentHitRatio, recentPerSecond]).toEqual([80 / 90, 1, 4]);
});

it('several nodes are counted together: ratios by their lookups, rates as a sum', () => {
  const [one, other] = [new NodeSamples(), new NodeSamples()];
  one.add({ tools: near({}) }, at(0));
  one.add({ tools: near({ nearHits: 30 }) }, at(1_000));
  other.add({ tools: near({}) }, at(0));
  other.add({ tools: near({ loads: 10 }) }, at(5_000));
  const { recentHitRatio, recentPerSecond } = lookupsOf([one.counted(), other.counted()]);
  expect([recentHitRatio, recentPerSecond]).toEqual([0.75, 32]);
});

it('a node that says the same again and again has nothing recent in the end', () => {
  const samples = new NodeSamples();
  samples.add({ tools: near({}) }, at(0));
  for (let second = 1; second <= 40; second++) samples.add({ tools: near({ nearHits: 9 }) }, at(second * 1_000));
  expect(lookupsOf([samples.counted()])).toMatchObject({ recentHitRatio: null, recentPerSecond: 0 });
});

it('what others had of a node a while ago is not compared with what it says itself a moment later', () => {
  const samples = new NodeSamples();
  samples.add({ tools: near({}) }, at(0, false));
  samples.add({ tools: near({ nearHits: 9 }) }, at(2));
  expect(lookupsOf([samples.counted()])).toMatchObject({ hitRatio: 1, recentHitRatio: null, recentPerSecond: null });
});
