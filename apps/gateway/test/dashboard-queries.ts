import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

const FOLDER = join(import.meta.dirname, '../../../infra/grafana/dashboards');

/** What a reader of a dashboard would have chosen: everything, of a Prometheus that scrapes each second. */
const CHOSEN: Readonly<Record<string, string>> = { job: '.*', instance: '.*', namespace: '.*', __rate_interval: '4s' };

/** A panel of a dashboard's file. */
export interface PanelFile {
  readonly type: 'row' | 'timeseries' | 'stat' | 'state-timeline';
  readonly title: string;
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number };
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
  readonly fieldConfig: {
    readonly defaults: {
      readonly unit: string;
      readonly max?: number;
      readonly custom?: PanelStyle;
      readonly thresholds?: { readonly steps: readonly { readonly value: number | null; readonly color: string }[] };
      readonly mappings?: readonly {
        readonly options: Readonly<Record<string, { readonly text: string; readonly color: string }>>;
      }[];
    };
    readonly overrides: readonly { readonly matcher: { readonly options: string } }[];
  };
}

/** How lines are drawn. */
interface PanelStyle {
  readonly drawStyle?: 'line' | 'bars';
  readonly stacking?: { readonly mode: 'none' | 'normal' };
  readonly scaleDistribution?: { readonly type: 'linear' | 'log' };
}

/** The panels of a dashboard, rows included. */
export function panelsOf(file: string): readonly PanelFile[] {
  return (JSON.parse(readFileSync(join(FOLDER, file), 'utf8')) as { panels: PanelFile[] }).panels;
}

/** A query of a panel, as Grafana would send it. */
export function asSent(expr: string, chosen: Readonly<Record<string, string>> = {}): string {
  return expr.replaceAll(/\$(\w+)/g, (_, name: string) => {
    const value = chosen[name] ?? CHOSEN[name];
    if (value === undefined) throw new Error(`no variable ${name} in ${expr}`);
    return value;
  });
}

/** Every query of every panel of every dashboard, by where it is. */
export function allQueries(): readonly (readonly [where: string, query: string])[] {
  return readdirSync(FOLDER).flatMap((file) =>
    panelsOf(file).flatMap(({ title, targets = [] }) =>
      targets.map(({ expr, legendFormat }) => [`${file}: ${title}: ${legendFormat}`, asSent(expr)] as const),
    ),
  );
}
