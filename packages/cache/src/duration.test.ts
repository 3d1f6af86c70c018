import { describe, expect, test } from 'vitest';
import { millisecondsOf } from './duration.ts';

describe('a duration', () => {
  test.each([
    [250, 250],
    ['250ms', 250],
    ['1.5s', 1_500],
    ['5m', 300_000],
    ['4h', 14_400_000],
    ['1d', 86_400_000],
  ])('%s is %d milliseconds', (duration, ms) => {
    expect(millisecondsOf(duration)).toBe(ms);
  });

  test.each(['', '4', 'h', '4 h', '-4h', '4hours', '1e3s', null, undefined, {}, true])('%j is none', (duration) => {
    expect(millisecondsOf(duration)).toBeNaN();
  });
});
