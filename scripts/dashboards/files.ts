import { join } from 'node:path';
import type { DashboardSource } from './dashboard.ts';
import { dashboard } from './dashboard.ts';
import { NODE_DETAIL } from './node-detail.ts';
import { OVERVIEW } from './overview.ts';
import { PAGE, pageWithTables } from './panel-tables.ts';

/** Where the dashboards are. */
export const FOLDER: string = join(import.meta.dirname, '../../infra/grafana/dashboards');

const SOURCES: readonly DashboardSource[] = [OVERVIEW, NODE_DETAIL];

/** The dashboards as Grafana reads them, by the names of their files in `FOLDER`. */
export function dashboardFiles(): ReadonlyMap<string, string> {
  return new Map(SOURCES.map((source) => [`${source.uid}.json`, `${JSON.stringify(dashboard(source), null, 2)}\n`]));
}

/** What `pnpm dashboards` writes, and a test compares, by its path: the dashboards, and the page about them. */
export function madeFiles(): ReadonlyMap<string, string> {
  const dashboards = [...dashboardFiles()].map(([name, text]) => [join(FOLDER, name), text] as const);
  return new Map([...dashboards, [PAGE, pageWithTables(SOURCES)]]);
}
