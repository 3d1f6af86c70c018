import { expect, it } from 'vitest';
import { RestartBackoff } from './restart-backoff.ts';

let nowMs = 0;

/** Opens and loses it after `lastsMs`, as often as asked, each as soon as it may be; the pauses. */
function pauses(backoff: RestartBackoff, times: number, lastsMs = 10): number[] {
  return Array.from({ length: times }, () => {
    backoff.opened(nowMs);
    nowMs += lastsMs;
    const pauseMs = backoff.lost(nowMs);
    expect(backoff.isWaiting(nowMs + pauseMs)).toBe(false);
    if (pauseMs > 0) expect(backoff.isWaiting(nowMs + pauseMs - 1)).toBe(true);
    nowMs += pauseMs;
    return pauseMs;
  });
}

it('leaves a server alone from its third loss in a row on, ever longer, half a minute at most', () => {
  expect(pauses(new RestartBackoff(), 9)).toEqual([0, 0, 1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]);
});

it('starts one again at once that lasted, or that was of use', () => {
  expect(pauses(new RestartBackoff(), 5, 10_000)).toEqual([0, 0, 0, 0, 0]);
  const backoff = new RestartBackoff();
  pauses(backoff, 5);
  backoff.worked();
  expect(pauses(backoff, 2)).toEqual([0, 0]);
});
