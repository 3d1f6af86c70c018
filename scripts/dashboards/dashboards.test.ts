/** The dashboards of infra/grafana, as Grafana will read them. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Panel, RowPanel } from '@grafana/schema';
import { describe, expect, it } from 'vitest';
import { LABEL_NAMES, METRIC_NAMES } from './catalogue.ts';
import { dashboardFiles, FOLDER, madeFiles } from './files.ts';

const UNITS = ['s', 'bytes', 'percentunit', 'short', 'suffix:/s'];
const files = dashboardFiles();

it('the dashboards, and the page about them, are what their sources make: `pnpm dashboards` writes them', () => {
  for (const [path, text] of madeFiles()) expect(readFileSync(path, 'utf8'), path).toBe(text);
  expect(readdirSync(FOLDER).sort()).toEqual([...files.keys()].sort());
});

it('dashboards and rules ask for metrics that nodes export, by labels that these have', () => {
  const rules = readFileSync(join(FOLDER, '../../prometheus/rules/lockstep.rules.yml'), 'utf8');
  const named = [rules, ...files.values()].flatMap(
    (text) => text.match(/\b(lockstep|db|http|mcp|nodejs|v8js|otel|error)_\w+/g) ?? [],
  );
  const used = [...new Set(named)].sort();
  expect(used.length).toBeGreaterThan(40);
  expect(used.filter((name) => !METRIC_NAMES.has(name) && !LABEL_NAMES.has(name))).toEqual([]);
});

describe.each([...files])('%s', (_, text) => {
  const dashboard = JSON.parse(text) as { panels: readonly (Panel | RowPanel)[] };
  const panels = dashboard.panels.filter((panel): panel is Panel => panel.type !== 'row');

  it('gives each panel an id, a title and a place of its own', () => {
    const { panels: all } = dashboard;
    const distinct = (values: readonly unknown[]): number => new Set(values).size;
    expect(distinct(all.map(({ id }) => id))).toBe(all.length);
    expect(distinct(panels.map(({ title }) => title))).toBe(panels.length);
    const cells = all.flatMap(({ gridPos }) => cellsOf(gridPos));
    expect(distinct(cells)).toBe(cells.length);
  });

  it.each(panels.map((panel) => [panel.title, panel] as const))('describes %s, in a unit, with queries', (_, panel) => {
    expect(panel.description).toMatch(/\w.*[.]$/);
    expect(UNITS).toContain(panel.fieldConfig?.defaults.unit);
    const targets = panel.targets ?? [];
    expect(targets.length).toBeGreaterThan(0);
    for (const { expr, datasource } of targets) {
      expect(datasource).toEqual({ type: 'prometheus', uid: ['$', '{datasource}'].join('') });
      // ALERTS is Prometheus's own, and has the labels that each alert has.
      if (!String(expr).includes('ALERTS{')) expect(expr).toContain('{job=~"$job",instance=~"$instance"');
    }
  });
});

function cellsOf(place: Panel['gridPos']): string[] {
  const { x = 0, y = 0, w = 0, h = 0 } = place ?? {};
  expect(x + w).toBeLessThanOrEqual(24);
  return Array.from({ length: w * h }, (_, index) => `${x + (index % w)},${y + Math.floor(index / w)}`);
}
