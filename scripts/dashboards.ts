/** Writes infra/grafana/dashboards from scripts/dashboards; `pnpm dashboards`. A test compares the two. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { dashboardFiles, FOLDER } from './dashboards/files.ts';

for (const [name, text] of dashboardFiles()) writeFileSync(join(FOLDER, name), text);
