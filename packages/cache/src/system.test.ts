import { performance } from 'node:perf_hooks';
import fc from 'fast-check';
import { afterEach, expect, test, vi } from 'vitest';
import { SystemClock } from './system.ts';

afterEach(() => void vi.restoreAllMocks());

/** A clock whose wall and monotonic time the test sets. */
function steered(): { clock: SystemClock; pass(monotonicMs: number, wallMs: number): void } {
  let [monotonic, wall] = [1_000, 1_700_000_000_000];
  vi.spyOn(performance, 'now').mockImplementation(() => monotonic);
  vi.spyOn(Date, 'now').mockImplementation(() => Math.floor(wall));
  const clock = new SystemClock();
  return {
    clock,
    pass(monotonicMs, wallMs) {
      monotonic += monotonicMs;
      wall += wallMs;
    },
  };
}

test('the clock takes a forward jump of wall time, as after a suspension, and the monotonic reading does not', () => {
  const { clock, pass } = steered();
  const [nowMs, monotonicMs] = [clock.nowMs(), clock.monotonicMs()];
  pass(10, 60_010);
  expect(clock.nowMs() - nowMs).toBe(60_010);
  expect(clock.monotonicMs() - monotonicMs).toBe(10);
});

test('the clock does not follow wall time back, and takes the next forward jump whole', () => {
  const { clock, pass } = steered();
  const nowMs = clock.nowMs();
  pass(10, -3_600_000);
  expect(clock.nowMs() - nowMs).toBe(10);
  pass(0, 1_800_000);
  expect(clock.nowMs() - nowMs).toBe(1_800_010);
});

test('the ceiling is never before now, nor more than 2 ms after it, whatever wall time does', () => {
  const step = fc.record({
    monotonicMs: fc.double({ min: 0, max: 5, noNaN: true }),
    // What wall time does beyond passing: mostly nothing, else a suspension, or someone sets the clock; never back
    // into the millisecond of the last reading, which the clock cannot tell from standing still.
    wallJumpMs: fc.oneof(
      { weight: 5, arbitrary: fc.constant(0) },
      fc.integer({ min: 1, max: 5_000 }),
      fc.integer({ min: -5_000, max: -20 }),
    ),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 50 }), (steps) => {
      vi.restoreAllMocks();
      const { clock, pass } = steered();
      for (const { monotonicMs, wallJumpMs } of steps) {
        pass(monotonicMs, monotonicMs + wallJumpMs);
        const ceilingMs = clock.ceilingMs();
        const pastNowMs = ceilingMs - clock.nowMs();
        expect(pastNowMs).toBeGreaterThanOrEqual(0);
        expect(pastNowMs).toBeLessThanOrEqual(2);
      }
    }),
  );
});

test('the very next ceiling after a suspension has seen it', () => {
  const { clock, pass } = steered();
  const ceilingMs = clock.ceilingMs();
  pass(0, 60_000);
  expect(clock.ceilingMs() - ceilingMs).toBe(60_000);
});

test('the ceiling goes on while wall time is set back again and again', () => {
  const { clock, pass } = steered();
  const ceilingMs = clock.ceilingMs();
  for (let step = 0; step < 10; step++) {
    pass(100, -100);
    expect(clock.ceilingMs()).toBe(ceilingMs + (step + 1) * 100);
  }
});

test('within one millisecond of wall time the ceiling costs one reading', () => {
  const { clock, pass } = steered();
  const ceilingMs = clock.ceilingMs();
  pass(0.5, 0.5);
  vi.mocked(performance.now).mockClear();
  expect(clock.ceilingMs()).toBe(ceilingMs);
  expect(performance.now).not.toHaveBeenCalled();
});

test('a clock set back to where its last reading was, and seen by a full reading, starts a new ceiling', () => {
  const { clock, pass } = steered();
  const ceilingMs = clock.ceilingMs();
  pass(500, 0);
  clock.nowMs();
  expect(clock.ceilingMs()).toBe(ceilingMs + 500);
});
