import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { CLOCK_RATE_ERROR, Horizons, LIFE_FACTOR, WAIT_FACTOR } from './index.ts';

const DELTA_MS = 2_000;
const PARTITIONS = 4;

function newHorizons(): Horizons {
  return new Horizons(PARTITIONS, DELTA_MS);
}

function isServed(horizons: Horizons, partition: number, nowMs: number): boolean {
  return nowMs <= (horizons.serveUntil[partition] as number);
}

describe('a partition', () => {
  it('is not served before a heartbeat has found both it and the control partition up to date (P1)', () => {
    const horizons = newHorizons();
    expect(isServed(horizons, 0, 0)).toBe(false);
    horizons.raise(0, 1_000);
    expect(isServed(horizons, 0, 1_000)).toBe(false);
    const other = newHorizons();
    other.raiseControl(1_000);
    expect(isServed(other, 0, 1_000)).toBe(false);
    other.raise(0, 1_000);
    expect(isServed(other, 0, 1_000)).toBe(true);
    expect(isServed(other, 1, 1_000)).toBe(false);
  });

  it('is served until Δ after the instant its heartbeat was sent, that instant included (P1)', () => {
    const horizons = newHorizons();
    horizons.raiseControl(1_000);
    horizons.raise(2, 1_000);
    expect([3_000, 3_000.5].map((nowMs) => isServed(horizons, 2, nowMs))).toEqual([true, false]);
  });

  it.each([
    { data: 1_000, control: 1_500, serveUntil: 3_000 },
    { data: 1_500, control: 1_000, serveUntil: 3_000 },
  ])('is served by the older of its horizon ($data) and the control horizon ($control) (P1)', (given) => {
    for (const isControlFirst of [true, false]) {
      const horizons = newHorizons();
      if (isControlFirst) horizons.raiseControl(given.control);
      horizons.raise(1, given.data);
      if (!isControlFirst) horizons.raiseControl(given.control);
      expect(horizons.serveUntil[1]).toBe(given.serveUntil);
    }
  });

  it('never loses a right it had, whatever order heartbeats end in (P1)', () => {
    const beats = fc.array(
      fc.record({ partition: fc.integer({ min: -1, max: PARTITIONS - 1 }), atMs: fc.integer({ min: 0, max: 10_000 }) }),
      { maxLength: 60 },
    );
    fc.assert(
      fc.property(beats, (all) => {
        const horizons = newHorizons();
        const newest = new Map<number, number>();
        for (const { partition, atMs } of all) {
          const before = [...horizons.serveUntil];
          if (partition < 0) horizons.raiseControl(atMs);
          else horizons.raise(partition, atMs);
          newest.set(partition, Math.max(atMs, newest.get(partition) ?? Number.NEGATIVE_INFINITY));
          const control = newest.get(-1) ?? Number.NEGATIVE_INFINITY;
          [...horizons.serveUntil].forEach((until, at) => {
            expect(until).toBeGreaterThanOrEqual(before[at] as number);
            expect(until).toBe(Math.min(newest.get(at) ?? Number.NEGATIVE_INFINITY, control) + DELTA_MS);
          });
        }
      }),
    );
  });
});

describe('staleness', () => {
  it('is infinite before the first heartbeat', () => {
    const horizons = newHorizons();
    expect(horizons.worstStalenessMs(5_000)).toBe(Number.POSITIVE_INFINITY);
  });

  it('counts from the older horizon of the partition furthest behind', () => {
    const horizons = newHorizons();
    horizons.raiseControl(4_000);
    for (let partition = 0; partition < PARTITIONS; partition++) horizons.raise(partition, 1_000 * (partition + 1));
    expect(horizons.worstStalenessMs(5_000)).toBe(4_000);
  });

  it('is infinite for the node while one partition has never passed, though others have', () => {
    const horizons = newHorizons();
    horizons.raiseControl(4_000);
    for (let partition = 1; partition < PARTITIONS; partition++) horizons.raise(partition, 4_000);
    expect(horizons.worstStalenessMs(4_000)).toBe(Number.POSITIVE_INFINITY);
  });

  it('never grows out of a node that has no tier to be behind of', () => {
    const horizons = newHorizons();
    horizons.raiseControl(Number.POSITIVE_INFINITY);
    for (let partition = 0; partition < PARTITIONS; partition++) horizons.raise(partition, Number.POSITIVE_INFINITY);
    expect(isServed(horizons, 0, Number.MAX_VALUE)).toBe(true);
  });
});

describe('the allowance for clocks that run at different rates', () => {
  it('shortens the lives and lengthens the waits by more than two clocks can part', () => {
    expect(CLOCK_RATE_ERROR).toBe(0.01);
    expect(LIFE_FACTOR).toBeCloseTo(0.979, 12);
    expect(WAIT_FACTOR).toBeCloseTo(1.021, 12);
    const [slowest, fastest] = [1 - CLOCK_RATE_ERROR, 1 + CLOCK_RATE_ERROR];
    expect(LIFE_FACTOR).toBeLessThan(slowest / fastest);
    expect(WAIT_FACTOR).toBeGreaterThan(fastest / slowest);
  });
});
