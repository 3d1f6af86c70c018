import { expect, test } from 'vitest';
import { randomHex64 } from './random.ts';

test('every one of the sixteen digits is random', () => {
  const drawn = Array.from({ length: 1_000 }, randomHex64);
  for (const text of drawn) expect(text).toMatch(/^[0-9a-f]{16}$/);
  for (let at = 0; at < 16; at++) expect(new Set(drawn.map((text) => text[at])).size).toBe(16);
});
