/** Writes infra/grafana/dashboards, and the tables of apps/docs/dashboards.md, from scripts/dashboards: `pnpm dashboards`. */
import { writeFileSync } from 'node:fs';
import { madeFiles } from './dashboards/files.ts';

for (const [path, text] of madeFiles()) writeFileSync(path, text);
