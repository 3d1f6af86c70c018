import { expect, it } from 'vitest';
import { bytesText, counted, durationText } from './units.ts';

it.each([
  [0, '0 B'],
  [1_023, '1023 B'],
  [1_536, '1.5 KiB'],
  [5 * 1_024 ** 4, '5.0 TiB'],
  [5_000 * 1_024 ** 4, '5000.0 TiB'],
])('%d bytes are %s', (bytes, text) => {
  expect(bytesText(bytes)).toBe(text);
});

it.each([
  [0.4, '0 ms'],
  [850, '850 ms'],
  [12_500, '12.5 s'],
  [60_000, '1 min 0 s'],
  [12_000_000, '3 h 20 min'],
  [356_400_000, '4 d 3 h'],
])('%d ms are %s', (ms, text) => {
  expect(durationText(ms)).toBe(text);
});

it('one is one', () => {
  expect([counted(1, 'entry', 'entries'), counted(2, 'entry', 'entries'), counted(0, 'key')]).toEqual([
    '1 entry',
    '2 entries',
    '0 keys',
  ]);
});
