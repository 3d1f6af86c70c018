import { performance } from 'node:perf_hooks';
import { afterEach, expect, test, vi } from 'vitest';
import { SystemClock } from './system.ts';

afterEach(() => void vi.restoreAllMocks());

/** A clock whose wall and monotonic time the test sets. */
function steered(): { clock: SystemClock; pass(monotonicMs: number, wallMs: number): void } {
  let [monotonic, wall] = [1_000, 1_700_000_000_000];
  vi.spyOn(performance, 'now').mockImplementation(() => monotonic);
  vi.spyOn(Date, 'now').mockImplementation(() => wall);
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
