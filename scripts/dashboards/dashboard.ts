import type { Dashboard, DashboardLink, Panel, RowPanel, VariableModel } from '@grafana/schema';
import type { Unplaced } from './panel.ts';
import { DATASOURCE } from './panel.ts';

/** The version of the dashboard's schema: Grafana 11 and later read it, and migrate it to their own. */
const SCHEMA_VERSION = 39;
const COLUMNS = 24;
const STAT_HEIGHT = 4;
const PANEL_HEIGHT = 8;

/** What a dashboard is made from. */
export interface DashboardSource {
  /** Part of its address in Grafana. */
  readonly uid: string;
  readonly title: string;
  readonly description: string;
  /** Rows of panels by their titles, from the top. */
  readonly rows: Readonly<Record<string, readonly Unplaced[]>>;
  /** Whether the reader chooses namespaces. */
  readonly byNamespace: boolean;
}

/** A dashboard as Grafana reads it. */
export function dashboard({ uid, title, description, rows, byNamespace }: DashboardSource): Dashboard {
  return {
    uid,
    title,
    description,
    tags: ['lockstep'],
    schemaVersion: SCHEMA_VERSION,
    editable: true,
    graphTooltip: 1,
    refresh: '30s',
    time: { from: 'now-1h', to: 'now' },
    timezone: 'browser',
    links: [LINK],
    templating: { list: variables(byNamespace) },
    panels: place(rows),
  };
}

/** The other dashboards of these, with the same choices. */
const LINK: DashboardLink = {
  title: 'Lockstep',
  type: 'dashboards',
  tags: ['lockstep'],
  asDropdown: false,
  icon: 'dashboard',
  includeVars: true,
  keepTime: true,
  targetBlank: false,
  tooltip: '',
  url: '',
};

function variables(byNamespace: boolean): VariableModel[] {
  const datasource: VariableModel = {
    name: 'datasource',
    label: 'Data source',
    type: 'datasource',
    query: 'prometheus',
  };
  const job = choice('job', 'Job', 'label_values(lockstep_coherence_state, job)');
  const instance = choice('instance', 'Node', 'label_values(lockstep_coherence_state{job=~"$job"}, instance)');
  const lookups = 'lockstep_lookups_total{job=~"$job",instance=~"$instance"}';
  const namespace = choice('namespace', 'Namespace', `label_values(${lookups}, lockstep_namespace)`);
  return [datasource, job, instance, ...(byNamespace ? [namespace] : [])];
}

/** One or more values of a label; all of them, to begin with. */
function choice(name: string, label: string, query: string): VariableModel {
  return {
    name,
    label,
    type: 'query',
    datasource: DATASOURCE,
    query: { query, refId: name },
    refresh: 2,
    sort: 1,
    multi: true,
    includeAll: true,
    allValue: '.*',
    current: { text: ['All'], value: ['$__all'] },
  };
}

function place(rows: DashboardSource['rows']): (Panel | RowPanel)[] {
  const placed: (Panel | RowPanel)[] = [];
  let [id, y] = [0, 0];
  for (const [title, panels] of Object.entries(rows)) {
    placed.push({ id: ++id, type: 'row', title, collapsed: false, gridPos: { x: 0, y, w: COLUMNS, h: 1 }, panels: [] });
    y++;
    let [x, h] = [0, 0];
    for (const { width, ...panel } of panels) {
      if (x + width > COLUMNS) [x, y] = [0, y + h];
      h = panel.type === 'stat' ? STAT_HEIGHT : PANEL_HEIGHT;
      placed.push({ id: ++id, ...panel, gridPos: { x, y, w: width, h } });
      x += width;
    }
    y += h;
  }
  return placed;
}
