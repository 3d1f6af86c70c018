import { CacheError, OverloadedError, TierUnavailableError } from '@lockstep/core';
import { expect, test } from 'vitest';
import { Breaker } from './breaker.ts';

function watched(): { readonly breaker: Breaker; readonly probes: () => number } {
  let probes = 0;
  return { breaker: new Breaker({ probe: () => void probes++ }), probes: () => probes };
}

const failing = (error: Error) => async (): Promise<never> => {
  throw error;
};

test('a call that the tier leaves unanswered asks for a heartbeat, and trips nothing by itself', async () => {
  const { breaker, probes } = watched();
  await expect(breaker.call(failing(new TierUnavailableError('silence')))).rejects.toThrow('silence');
  expect([breaker.closed, probes()]).toEqual([true, 1]);
});

test.each([new OverloadedError('busy'), new CacheError('tier-refused', 'no memory'), new TypeError('a bug')])(
  'a call that fails otherwise (%s) goes to its caller, and asks for nothing',
  async (error) => {
    const { breaker, probes } = watched();
    await expect(breaker.call(failing(error))).rejects.toBe(error);
    expect([breaker.closed, probes()]).toEqual([true, 0]);
  },
);

test('a heartbeat that fails opens it, with its reason, and one that succeeds closes it', () => {
  const { breaker } = watched();
  const failure = new TierUnavailableError('silence');
  breaker.beat(failure);
  expect([breaker.closed, breaker.failure]).toEqual([false, failure]);
  breaker.beat(undefined);
  expect([breaker.closed, breaker.failure]).toEqual([true, undefined]);
});

test('many lookups in a row that wait too long open it; one in between that does not begins the row anew', () => {
  const { breaker, probes } = watched();
  for (let lookup = 0; lookup < 9; lookup++) breaker.overran(100);
  breaker.kept();
  for (let lookup = 0; lookup < 9; lookup++) breaker.overran(100);
  expect([breaker.closed, probes()]).toEqual([true, 0]);
  breaker.overran(100);
  expect([breaker.closed, probes()]).toEqual([false, 1]);
  expect(breaker.failure?.message).toMatch(/for 100 ms \(tierTimeout\)/);
  breaker.overran(100);
  expect(probes()).toBe(1);
});

test('closed after that, one more lookup that waits too long opens it, and one that does not ends its probation', () => {
  const { breaker } = watched();
  for (let lookup = 0; lookup < 20; lookup++) breaker.overran(100);
  breaker.beat(undefined);
  expect(breaker.closed).toBe(true);
  breaker.overran(100);
  expect(breaker.closed).toBe(false);
  breaker.beat(undefined);
  breaker.kept();
  breaker.overran(100);
  expect(breaker.closed).toBe(true);
});
