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
