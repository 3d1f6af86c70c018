import { beforeEach, expect, it } from 'vitest';
import { RateLimit } from './rate-limit.ts';

let nowMs: number;
let limit: RateLimit;

beforeEach(() => {
  nowMs = 0;
  limit = new RateLimit({ burst: 3, perSecond: 0.5, namesMax: 2, nowMs: () => nowMs });
});

const use = (name: string, times: number): void => {
  for (let time = 1; time <= times; time++) limit.use(name);
};

it('lets a burst through, then tells how long to wait, and lets one through when that is over', () => {
  use('a', 2);
  expect(limit.waitSeconds('a')).toBe(0);
  use('a', 1);
  expect(limit.waitSeconds('a')).toBe(2);
  nowMs += 1_999;
  expect(limit.waitSeconds('a')).toBe(1);
  nowMs += 1;
  expect(limit.waitSeconds('a')).toBe(0);
  use('a', 1);
  expect(limit.waitSeconds('a')).toBe(2);
});

it('gives back no more than the burst, however long nothing happens', () => {
  use('a', 1);
  nowMs += 3_600_000;
  use('a', 3);
  expect(limit.waitSeconds('a')).toBe(2);
});

it('keeps names apart', () => {
  use('a', 3);
  expect(limit.waitSeconds('b')).toBe(0);
});

it('forgets the name that is quiet for longest where there are too many', () => {
  use('a', 3);
  use('b', 3);
  use('a', 1);
  use('c', 1);
  expect([limit.waitSeconds('a') > 0, limit.waitSeconds('b') > 0]).toEqual([true, false]);
});

it('asking alone uses nothing', () => {
  for (let time = 1; time <= 10; time++) expect(limit.waitSeconds('a')).toBe(0);
});
