import { expect, it } from 'vitest';
import { FakeRandom } from './fake-random.ts';

it('the same seed draws the same, another one draws otherwise', () => {
  const draw = (seed: number): unknown[] => {
    const random = new FakeRandom(seed);
    return [random.hex(8), random.fraction(), random.hex(16), random.fraction()];
  };
  expect(draw(1)).toEqual(draw(1));
  expect(draw(1)).not.toEqual(draw(2));
});

it('draws are as long as asked for, within [0, 1), and spread', () => {
  const random = new FakeRandom();
  expect(random.hex(16)).toMatch(/^[0-9a-f]{32}$/);
  const fractions = Array.from({ length: 1_000 }, () => random.fraction());
  expect(fractions.every((fraction) => fraction >= 0 && fraction < 1)).toBe(true);
  const mean = fractions.reduce((sum, fraction) => sum + fraction, 0) / fractions.length;
  expect(mean).toBeGreaterThan(0.45);
  expect(mean).toBeLessThan(0.55);
});
