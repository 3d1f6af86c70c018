import stringWidth from 'string-width';
import type { Style, Terminal } from '../terminal.ts';
import { styled } from '../terminal.ts';
import { visible } from './visible.ts';

/** A cell: text, or text in a style. */
export type Cell = string | { readonly text: string; readonly style: Style };

/** Two spaces between columns: names with one space in them stay one. */
const GAP = '  ';
/** No column is made wider: a longer cell moves the rest of its own row alone. */
const WIDTH_MAX = 80;

/** Rows under headings, in columns that line up; the last one is as long as it is. */
export function table(
  stream: Terminal['stdout'],
  headings: readonly string[],
  rows: readonly (readonly Cell[])[],
): string {
  const head = headings.map((text): Cell => ({ text: text.toUpperCase(), style: 'bold' }));
  return columns(stream, [head, ...rows]);
}

/** Names and what they stand for, one a line. */
export function pairs(stream: Terminal['stdout'], rows: readonly (readonly [name: string, value: Cell])[]): string {
  return columns(
    stream,
    rows.map(([name, value]) => [`${name}:`, value]),
  );
}

function columns(stream: Terminal['stdout'], rows: readonly (readonly Cell[])[]): string {
  const widths: number[] = [];
  for (const row of rows) {
    for (const [at, cell] of row.entries()) {
      widths[at] = Math.max(widths[at] ?? 0, Math.min(stringWidth(shown(cell)), WIDTH_MAX));
    }
  }
  const lines = rows.map((row) => {
    const cells = row.map((cell, at) => {
      const text = shown(cell);
      const missing = (widths[at] as number) - stringWidth(text);
      const padding = at === row.length - 1 ? '' : ' '.repeat(Math.max(0, missing));
      return (typeof cell === 'string' ? text : styled(stream, cell.style, text)) + padding;
    });
    return `${cells.join(GAP).trimEnd()}\n`;
  });
  return lines.join('');
}

function shown(cell: Cell): string {
  const text = visible(typeof cell === 'string' ? cell : cell.text);
  return text === '' ? '-' : text;
}
