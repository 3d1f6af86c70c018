import stringWidth from 'string-width';
import type { Cell } from '../output/table.ts';

/** Between two columns of a table. */
const GAP = 2;

/** One column of a table; of those that find no room together, the ones of the highest rank go first, and 0 never does. */
export interface Column<Row> {
  readonly heading: string;
  readonly rank: number;
  readonly cell: (row: Row) => Cell;
}

/** The headings and cells of the columns that have room in so many characters. */
export function fitting<Row>(
  columns: readonly Column<Row>[],
  rows: readonly Row[],
  width: number,
): { readonly headings: readonly string[]; readonly cells: readonly (readonly Cell[])[] } {
  const filled = columns.map(({ heading, rank, cell }) => {
    const cells = rows.map(cell);
    const widths = cells.map((each) => stringWidth(typeof each === 'string' ? each : each.text));
    return { heading, rank, cells, width: Math.max(stringWidth(heading), ...widths) + GAP };
  });
  let kept = filled;
  for (const { rank } of [...filled].sort((left, right) => right.rank - left.rank)) {
    const needed = kept.reduce((sum, column) => sum + column.width, -GAP);
    if (needed <= width || rank === 0) break;
    kept = kept.filter((column) => column.rank < rank);
  }
  return {
    headings: kept.map(({ heading }) => heading),
    cells: rows.map((_, at) => kept.map(({ cells }) => cells[at] ?? '')),
  };
}

/** Text in lines of at most so many characters, broken between words; a longer word has a line of its own. */
export function wrapped(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line === '' ? word : `${line} ${word}`;
    if (line !== '' && stringWidth(longer) > width) {
      lines.push(line);
      line = word;
    } else line = longer;
  }
  return line === '' ? lines : [...lines, line];
}
