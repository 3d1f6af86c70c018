import { Prng } from '@lockstep/testing/world';
import { describe, expect, test } from 'vitest';
import { FAILOVERS, NODE_FAULTS, planRound, SERVER_FAULTS } from './plan.ts';

describe('the plan of a round', () => {
  test('is the same for the same seed, and another for another', () => {
    expect(planRound(new Prng(1), 14_000)).toEqual(planRound(new Prng(1), 14_000));
    expect(planRound(new Prng(1), 14_000)).not.toEqual(planRound(new Prng(2), 14_000));
  });

  test('over many rounds has every kind of fault, in their order, and at most one failover a round', () => {
    const random = new Prng(1);
    const rounds = Array.from({ length: 200 }, () => planRound(random, 14_000));
    const kinds = new Set(rounds.flat().map(({ kind }) => kind));
    expect([...kinds].sort()).toEqual([...NODE_FAULTS, ...SERVER_FAULTS, ...FAILOVERS].sort());
    for (const faults of rounds) {
      const times = faults.map(({ atMs }) => atMs);
      expect(times).toEqual(times.toSorted((one, other) => one - other));
      expect(faults.filter(({ kind }) => FAILOVERS.some((failover) => failover === kind)).length).toBeLessThan(2);
    }
  });
});
