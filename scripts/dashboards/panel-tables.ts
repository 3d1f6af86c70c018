import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { DashboardSource } from './dashboard.ts';

/** The page that shows the dashboards. */
export const PAGE: string = join(import.meta.dirname, '../../apps/docs/dashboards.md');

/** The page, with a table of each dashboard's panels between the two comments that name it. */
export function pageWithTables(sources: readonly DashboardSource[]): string {
  let page = readFileSync(PAGE, 'utf8');
  for (const source of sources) {
    const [begin, end] = [`<!-- panels: ${source.uid} -->\n`, '<!-- /panels -->'];
    const from = page.indexOf(begin);
    if (from < 0) throw new Error(`${PAGE} has no place for the panels of ${source.uid}: ${begin}`);
    page = page.slice(0, from + begin.length) + tableOf(source) + page.slice(page.indexOf(end, from));
  }
  return page;
}

function tableOf({ rows }: DashboardSource): string {
  const lines = Object.entries(rows).flatMap(([row, panels]) => [
    `| **${row}** | |`,
    ...panels.map(({ title, description }) => `| ${title} | ${description} |`),
  ]);
  return `${['| panel | what it tells |', '| --- | --- |', ...lines].join('\n')}\n`;
}
