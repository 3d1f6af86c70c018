import type { Quantiles, Row } from './figures.ts';

const HEADINGS = ['measured', 'unit', 'ours p50', 'p99', 'floor p50', 'p99', 'ratio', 'target', 'met'];

/** The rows as a Markdown table, its columns aligned. */
export function tableOf(rows: readonly Row[]): string {
  const cells = rows.map((row) => [
    row.id,
    row.unit,
    ...pair(row.ours),
    ...pair(row.floor),
    row.ratio === null ? '' : row.ratio.toFixed(2),
    row.target ?? '',
    row.meets === null ? '' : row.meets ? 'yes' : 'NO',
  ]);
  const widths = HEADINGS.map((heading, column) => {
    return Math.max(heading.length, ...cells.map((line) => line[column]?.length ?? 0));
  });
  const lineOf = (line: readonly string[]): string => {
    return `| ${line.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  };
  return [lineOf(HEADINGS), lineOf(widths.map((width) => '-'.repeat(width))), ...cells.map(lineOf)].join('\n');
}

/** How many targets were met, and which were not. */
export function summaryOf(rows: readonly Row[]): string {
  const aimed = rows.filter(({ meets }) => meets !== null);
  const missed = aimed.filter(({ meets }) => meets === false).map(({ id }) => id);
  const which = missed.length === 0 ? '' : `; missed: ${missed.join(', ')}`;
  return `bench: ${aimed.length - missed.length} of ${aimed.length} targets met${which}`;
}

function pair(quantiles: Quantiles | null): readonly string[] {
  return quantiles === null ? ['', ''] : [digits(quantiles.p50), digits(quantiles.p99)];
}

function digits(figure: number): string {
  if (Number.isInteger(figure)) return String(figure);
  return figure >= 100 ? figure.toFixed(0) : figure.toPrecision(3);
}
