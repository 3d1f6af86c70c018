import { join } from 'node:path';
import { dashboard } from './dashboard.ts';
import { NODE_DETAIL } from './node-detail.ts';
import { OVERVIEW } from './overview.ts';

/** Where the dashboards are. */
export const FOLDER: string = join(import.meta.dirname, '../../infra/grafana/dashboards');

/** The dashboards as files, by name: what `pnpm dashboards` writes, and a test compares. */
export function dashboardFiles(): ReadonlyMap<string, string> {
  const sources = [OVERVIEW, NODE_DETAIL];
  return new Map(sources.map((source) => [`${source.uid}.json`, `${JSON.stringify(dashboard(source), null, 2)}\n`]));
}
