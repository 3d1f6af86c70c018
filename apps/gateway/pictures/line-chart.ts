import { BarChart, LineChart } from 'echarts/charts';
import { GridComponent, MarkAreaComponent } from 'echarts/components';
import { init, use } from 'echarts/core';
import { SVGRenderer } from 'echarts/renderers';
import type { PanelFile } from '../test/dashboard-queries.ts';
import type { Episode } from './episode.ts';
import type { Box } from './svg.ts';
import { FAINT, FONT, GRID, INK } from './svg.ts';
import { clockText, unitText } from './unit-text.ts';

use([BarChart, LineChart, GridComponent, MarkAreaComponent, SVGRenderer]);

const DECADE = 10;
export const TICK_SECONDS = 60;
const PERCENT_STEP = 0.25;
const LIMIT_COLOR = '#cf222e';
export const PALETTE: readonly string[] = [
  '#3274d9',
  '#e0752d',
  '#37872d',
  '#8f3bb8',
  '#e0b400',
  '#0a9396',
  '#c4162a',
  '#6c757d',
  '#b15928',
  '#80b1d3',
];

/** A line of a panel: what it is called, and its points by seconds since the beginning. */
export interface Line {
  readonly name: string;
  readonly points: readonly (readonly [number, number])[];
}

/** What a chart is drawn from. */
export interface ChartData {
  readonly panel: PanelFile;
  readonly lines: readonly Line[];
  /** From when to when, in seconds since the beginning. */
  readonly span: readonly [number, number];
  /** From one point to the next, in seconds. */
  readonly step: number;
  readonly episodes: readonly Episode[];
}

/** The lines, bars or areas of a panel over time, with their axes; without legend. */
export function lineChart(data: ChartData, { width, height }: Pick<Box, 'width' | 'height'>): string {
  const chart = init(null, null, { renderer: 'svg', ssr: true, width, height });
  const { unit, max, custom } = data.panel.fieldConfig.defaults;
  const label = { color: FAINT, fontSize: 11, fontFamily: FONT };
  const axis = { splitLine: { lineStyle: { color: GRID } }, axisLabel: label };
  chart.setOption({
    animation: false,
    grid: { left: 58, right: 14, top: 8, bottom: 22 },
    xAxis: {
      ...axis,
      type: 'value',
      min: data.span[0],
      max: data.span[1],
      interval: TICK_SECONDS,
      axisLine: { lineStyle: { color: FAINT } },
      axisLabel: { ...label, formatter: clockText, showMaxLabel: data.span[1] % TICK_SECONDS === 0 },
    },
    yAxis: {
      ...axis,
      splitNumber: 4,
      axisLabel: { ...label, formatter: (value: number) => unitText(unit, value) },
      ...(custom?.scaleDistribution?.type === 'log'
        ? { type: 'log', ...decades(data.lines) }
        : { type: 'value', min: 0, ...(max !== undefined && { max }), ...steps(unit, data) }),
    },
    series: together(data).map((line, index) => series(data, line, index)),
  });
  const drawn = chart.renderToSVGString();
  chart.dispose();
  return inner(drawn);
}

function series({ panel, episodes, step }: ChartData, { name, points }: Line, index: number): object {
  const { custom } = panel.fieldConfig.defaults;
  const color = lineColor(panel, name, index);
  const stacked = custom?.stacking?.mode === 'normal';
  const isLimit = color === LIMIT_COLOR;
  return {
    name,
    color,
    ...(stacked && { stack: 'all' }),
    ...(custom?.drawStyle === 'bars'
      ? { type: 'bar', barWidth: 3, data: points }
      : {
          type: 'line',
          symbol: 'none',
          data: brokenAtGaps(points, step),
          lineStyle: { width: 1.4, type: isLimit ? 'dashed' : 'solid' },
          ...(stacked && { areaStyle: { opacity: 0.3 } }),
        }),
    ...(index === 0 && { markArea: marks(episodes) }),
  };
}

/** The lines, of which those that add up all have points at the same times: what one does not have there is 0. */
function together({ panel, lines }: ChartData): readonly Line[] {
  if (panel.fieldConfig.defaults.custom?.stacking?.mode !== 'normal') return lines;
  const times = [...new Set(lines.flatMap(({ points }) => points.map(([at]) => at)))].sort((a, b) => a - b);
  return lines.map(({ name, points }) => {
    const values = new Map(points);
    return { name, points: times.map((at) => [at, values.get(at) ?? 0] as const) };
  });
}

/** The points, with nothing where there was nothing; a point that stands alone is drawn as such. */
function brokenAtGaps(points: Line['points'], step: number): readonly unknown[] {
  const follows = (a: number | undefined, b: number | undefined): boolean =>
    a !== undefined && b !== undefined && b - a < step * 1.5;
  return points.flatMap(([at, value], index) => {
    const [before, after] = [points[index - 1]?.[0], points[index + 1]?.[0]];
    const isAlone = !follows(before, at) && !follows(at, after);
    const point = isAlone ? { value: [at, value], symbol: 'circle', symbolSize: 3 } : [at, value];
    return follows(at, after) ? [point] : [point, [at + step / 2, null]];
  });
}

/** The color of a line; a limit has its own. */
export function lineColor(panel: PanelFile, name: string, index: number): string {
  const isLimit = panel.fieldConfig.overrides.some(({ matcher }) => matcher.options === name);
  return isLimit ? LIMIT_COLOR : (PALETTE[index % PALETTE.length] ?? INK);
}

/** What happened meanwhile, behind the lines. */
function marks(episodes: readonly Episode[]): object {
  return {
    silent: true,
    itemStyle: { color: '#8c959f', opacity: 0.16 },
    label: { show: false },
    data: episodes.map(({ from, to }) => [{ xAxis: from }, { xAxis: to }]),
  };
}

/** Where an axis has its numbers, where those that are round in tens are not round in the unit. */
function steps(unit: string, { lines, panel }: ChartData): { readonly interval?: number; readonly max?: number } {
  if (unit === 'percentunit' && panel.fieldConfig.defaults.max === 1) return { interval: PERCENT_STEP };
  if (unit !== 'bytes') return {};
  const sums = new Map<number, number>();
  for (const [at, value] of lines.flatMap(({ points }) => points)) sums.set(at, (sums.get(at) ?? 0) + value);
  const highest = Math.max(4, ...sums.values());
  const interval = 2 ** Math.ceil(Math.log2(highest / 4));
  return { interval, max: Math.ceil(highest / interval) * interval };
}

/** The powers of ten around what is to be shown. */
function decades(lines: readonly Line[]): { readonly min: number; readonly max: number; readonly logBase: number } {
  const values = lines.flatMap(({ points }) => points.map(([, value]) => value)).filter((value) => value > 0);
  const power = (value: number, round: (power: number) => number): number => DECADE ** round(Math.log10(value));
  const [lowest, highest] = [Math.min(...values), Math.max(...values)];
  if (values.length === 0) return { min: 0.001, max: 1, logBase: DECADE };
  const min = power(lowest, Math.floor);
  return { min, max: Math.max(min * DECADE, power(highest, Math.ceil)), logBase: DECADE };
}

/** What is inside of the `svg` that the renderer makes, less what is there for a pointer. */
function inner(svg: string): string {
  return svg
    .slice(svg.indexOf('>') + 1, svg.lastIndexOf('</svg>'))
    .replaceAll(/<style\b.*?<\/style>/gs, '')
    .replaceAll(/ (ecmeta_\w+|class)="[^"]*"/g, '')
    .replaceAll(/(\d+\.\d)\d+/g, '$1');
}
