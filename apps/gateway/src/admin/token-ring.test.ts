import { createHash } from 'node:crypto';
import { expect, it, vi } from 'vitest';
import { TokenRing } from './token-ring.ts';

const compared = vi.hoisted(() => vi.fn());

vi.mock('node:crypto', async (importOriginal) => {
  const crypto = await importOriginal<typeof import('node:crypto')>();
  const timingSafeEqual = (...pair: Parameters<typeof crypto.timingSafeEqual>): boolean => {
    compared();
    return crypto.timingSafeEqual(...pair);
  };
  return { ...crypto, timingSafeEqual };
});

const NAMES = ['one', 'two', 'three'];
const ring = new TokenRing(
  NAMES.map((name) => {
    const digest = createHash('sha256').update(`token ${name}`).digest('hex');
    return { name, digest, role: 'viewer', limits: undefined };
  }),
);

it.each([...NAMES, 'none'])('compares every token, in constant time, also where the right one is: %s', (name) => {
  compared.mockClear();
  expect(ring.find(`token ${name}`)?.name).toBe(NAMES.includes(name) ? name : undefined);
  expect(compared).toHaveBeenCalledTimes(NAMES.length);
});

it('nothing, a part of a token, and one that is longer than any, are nobody', () => {
  for (const token of ['', 'token', `token one${' '.repeat(600)}`]) expect(ring.find(token)).toBeUndefined();
});

it('without tokens nobody is let in', () => {
  expect(new TokenRing([]).find('')).toBeUndefined();
});
