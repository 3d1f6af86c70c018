import { describe, expect, it } from 'vitest';
import type { HintPart } from './list-hint.ts';
import { hintOf } from './list-hint.ts';

const part = (freshUntilMs: number, cacheScope: HintPart['cacheScope'] = 'public'): HintPart => ({
  freshUntilMs,
  cacheScope,
});

describe('the hint of a list made of parts', () => {
  it('lives as long as the part that ends first', () => {
    expect(hintOf([part(5_000), part(3_000), part(9_000)], 1_000).ttlMs).toBe(2_000);
  });

  it('is a whole number of milliseconds, rounded down', () => {
    expect(hintOf([part(3_000.9)], 1_000.2).ttlMs).toBe(2_000);
  });

  it('is 0 where a part has ended, or is not fresh', () => {
    expect(hintOf([part(5_000), part(999)], 1_000).ttlMs).toBe(0);
    expect(hintOf([part(5_000), part(0), part(6_000)], 1_000).ttlMs).toBe(0);
  });

  it('is 0 where a time is not a number, or no end is known', () => {
    expect(hintOf([part(5_000), part(Number.NaN), part(6_000)], 1_000).ttlMs).toBe(0);
    expect(hintOf([part(Number.POSITIVE_INFINITY)], 1_000).ttlMs).toBe(0);
    expect(hintOf([], 1_000).ttlMs).toBe(0);
  });

  it('is public only where every part is', () => {
    expect(hintOf([part(5_000), part(5_000)], 0).cacheScope).toBe('public');
    expect(hintOf([part(5_000), part(5_000, 'private'), part(5_000)], 0).cacheScope).toBe('private');
  });
});
