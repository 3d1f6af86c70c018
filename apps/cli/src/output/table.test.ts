import { PassThrough } from 'node:stream';
import { expect, it } from 'vitest';
import { table } from './table.ts';

const plain = new PassThrough();

it('lines columns up by what a terminal shows, and ends lines where their text ends', () => {
  const rows = [
    ['漢字', 'a', 'x'],
    ['b', '', ''],
  ];
  expect(table(plain, ['name', 'other', 'last'], rows)).toBe('NAME  OTHER  LAST\n漢字  a      x\nb     -      -\n');
});

it('a cell of a long text widens its own row alone', () => {
  const long = 'k'.repeat(4_000);
  const [, first, second] = table(
    plain,
    ['scope', 'last'],
    [
      [long, 'x'],
      ['a', 'y'],
    ],
  ).split('\n');
  expect(first).toBe(`${long}  x`);
  expect(second).toBe(`a${' '.repeat(79)}  y`);
});

it('shows what a terminal would obey, and what turns text around', () => {
  const text = table(plain, ['name'], [['a\u001b]0;title\u0007\nb\u202e\u009b2J']]);
  expect(text).toBe('NAME\na\\u{1b}]0;title\\u{7}\\u{a}b\\u{202e}\\u{9b}2J\n');
});

it('has colours on a terminal alone', () => {
  const rows = [[{ text: 'fail', style: 'red' as const }, 'x']];
  expect(table(plain, ['a', 'b'], rows)).not.toContain('\u001b');
  const terminal = Object.assign(new PassThrough(), { isTTY: true, getColorDepth: () => 8, hasColors: () => true });
  expect(table(terminal, ['a', 'b'], rows)).toContain('\u001b[31mfail\u001b[39m  x');
});
