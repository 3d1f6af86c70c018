import type { DataSourceRef, FieldConfigSource, Panel } from '@grafana/schema';

/** The units that panels are in, by Grafana's names; a picture of a panel formats its axis by the same. */
type Unit = 's' | 'bytes' | 'percentunit' | 'short' | 'suffix:/s';

/** Whatever the reader of a dashboard has chosen at its top. */
// biome-ignore lint/suspicious/noTemplateCurlyInString: Grafana fills it in.
export const DATASOURCE: DataSourceRef = { type: 'prometheus', uid: '${datasource}' };

/** A query, and what its series are called. */
export interface Query {
  readonly expr: string;
  /** With labels as `{{instance}}`. */
  readonly legend: string;
}

interface PanelOptions {
  readonly title: string;
  /** What it shows, and what that tells. */
  readonly description: string;
  readonly unit: Unit;
  readonly queries: readonly Query[];
  /** Of the 24 columns of a row. */
  readonly width: number;
}

interface LineOptions extends PanelOptions {
  /** Areas on top of one another: the series are parts of one whole. */
  readonly stacked?: boolean;
  /** Bars: what is counted is rare. */
  readonly bars?: boolean;
  readonly logarithmic?: boolean;
  readonly max?: number;
  /** The series of this name is a limit: red, and dashed. */
  readonly limit?: string;
}

interface StatOptions extends PanelOptions {
  /** From which value on it is bad, or good. */
  readonly red?: { readonly from: number } | { readonly below: number };
}

interface StateOptions extends PanelOptions {
  /** What each value stands for, from 0 on. */
  readonly states: readonly { readonly text: string; readonly color: string }[];
}

/** A panel that has no place yet. */
export type Unplaced = Omit<Panel, 'id'> & { readonly width: number };

/** Lines over time. */
export function lines(options: LineOptions): Unplaced {
  const { stacked = false, bars = false, logarithmic = false, max, limit } = options;
  const custom = {
    drawStyle: bars ? 'bars' : 'line',
    lineWidth: 1,
    fillOpacity: bars ? 70 : stacked ? 30 : 0,
    showPoints: 'never',
    spanNulls: false,
    stacking: { mode: stacked || bars ? 'normal' : 'none', group: 'A' },
    scaleDistribution: logarithmic ? { type: 'log', log: 10 } : { type: 'linear' },
  };
  const defaults = { unit: options.unit, custom, ...(!logarithmic && { min: 0 }), ...(max !== undefined && { max }) };
  const overrides: FieldConfigSource['overrides'] =
    limit === undefined
      ? []
      : [
          {
            matcher: { id: 'byName', options: limit },
            properties: [
              { id: 'color', value: { mode: 'fixed', fixedColor: 'red' } },
              { id: 'custom.lineStyle', value: { fill: 'dash', dash: [8, 6] } },
            ],
          },
        ];
  return {
    ...frame('timeseries', options),
    fieldConfig: { defaults, overrides },
    options: {
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true, calcs: [] },
      tooltip: { mode: 'multi', sort: 'desc' },
    },
  };
}

/** One number: the last. */
export function stat(options: StatOptions): Unplaced {
  const { red } = options;
  const steps =
    red === undefined
      ? [{ value: null, color: 'blue' }]
      : 'from' in red
        ? [
            { value: null, color: 'green' },
            { value: red.from, color: 'red' },
          ]
        : [
            { value: null, color: 'red' },
            { value: red.below, color: 'green' },
          ];
  return {
    ...frame('stat', options),
    fieldConfig: { defaults: { unit: options.unit, thresholds: { mode: 'absolute', steps } }, overrides: [] } as never,
    options: {
      colorMode: 'value',
      graphMode: 'area',
      justifyMode: 'auto',
      textMode: 'auto',
      reduceOptions: { calcs: ['lastNotNull'], fields: '', values: false },
    },
  };
}

/** Which state each of several things was in, over time. */
export function states(options: StateOptions): Unplaced {
  const results = options.states.map(({ text, color }, value) => [String(value), { text, color, index: value }]);
  const mappings = [{ type: 'value', options: Object.fromEntries(results) }];
  const custom = { fillOpacity: 80, lineWidth: 0 };
  return {
    ...frame('state-timeline', options),
    fieldConfig: { defaults: { unit: options.unit, mappings, custom }, overrides: [] } as never,
    options: {
      mergeValues: true,
      showValue: 'never',
      rowHeight: 0.8,
      legend: { displayMode: 'list', placement: 'bottom', showLegend: true },
      tooltip: { mode: 'single' },
    },
  };
}

function frame(type: string, { title, description, queries, width }: PanelOptions) {
  const targets = queries.map(({ expr, legend }, index) => ({
    refId: String.fromCharCode('A'.charCodeAt(0) + index),
    datasource: DATASOURCE,
    editorMode: 'code',
    range: true,
    expr,
    legendFormat: legend,
  }));
  return { type, title, description, datasource: DATASOURCE, targets, width };
}
