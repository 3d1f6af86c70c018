import type { PanelFile } from '../test/dashboard-queries.ts';
import { asSent } from '../test/dashboard-queries.ts';
import type { Prometheus, Range, Series } from '../test/prometheus.ts';
import type { Episode } from './episode.ts';
import type { ChartData, Line } from './line-chart.ts';
import { lineChart, lineColor } from './line-chart.ts';
import { stateChart } from './state-chart.ts';
import { STATE_COLORS } from './state-colors.ts';
import type { Box } from './svg.ts';
import { FAINT, GRID, picture, placed, rectangle, text, textWidth } from './svg.ts';
import { clockText, unitText } from './unit-text.ts';

const COLUMN = 60;
const COLUMNS = 24;
/** The height of one unit of a panel's height, and of a row's title. */
const UNIT = 30;
const GAP = 6;
const PAD = 10;
const TITLE_HEIGHT = 28;
const LEGEND_LINE = 16;
const LEGEND_SIZE = 11;
const HEAD = 84;
/** Grafana's, over a window that fits a picture of some minutes. */
const RATE_SECONDS = 10;
const COLORS: Readonly<Record<string, string>> = { green: '#37872d', red: '#c4162a', blue: '#3274d9' };

/** What a picture of a dashboard is made from. */
export interface DashboardData {
  readonly title: string;
  readonly panels: readonly PanelFile[];
  readonly prometheus: Prometheus;
  readonly range: Range;
  /** What happened meanwhile. */
  readonly episodes: readonly Episode[];
}

/** A dashboard's panels, where Grafana would place them, with what Prometheus answers to their queries. */
export async function dashboardPicture(data: DashboardData): Promise<string> {
  const drawn = await Promise.all(data.panels.map((panel) => panelPicture(data, panel)));
  const width = COLUMN * COLUMNS + 2 * PAD;
  const bottom = Math.max(...data.panels.map(({ gridPos: { y, h } }) => y + h));
  const height = HEAD + bottom * UNIT + PAD;
  const content = `${head(data)}${placed(drawn.join(''), { x: PAD, y: HEAD })}`;
  return picture(content, { width, height, title: data.title });
}

function head({ title, range, episodes }: DashboardData): string {
  const span = `three nodes, ${clockText(range.to - range.from)} minutes, scraped once a second`;
  const told = episodes.map(({ what, from, to }) => {
    return `${clockText(from)}${to - from > 2 ? `–${clockText(to)}` : ''} ${what}`;
  });
  const half = Math.ceil(told.length / 2);
  return [
    text(title, { x: PAD + 4, y: 26 }, { size: 18, bold: true }),
    text(span, { x: PAD + textWidth(title, 18) + 24, y: 26 }, { color: FAINT }),
    text(`Grey: ${told.slice(0, half).join('   ·   ')}`, { x: PAD + 4, y: 50 }),
    text(told.slice(half).join('   ·   '), { x: PAD + 4 + textWidth('Grey: ', 12), y: 70 }),
  ].join('');
}

async function panelPicture(data: DashboardData, panel: PanelFile): Promise<string> {
  const { x, y, w, h } = panel.gridPos;
  const box = { x: x * COLUMN, y: y * UNIT, width: w * COLUMN - GAP, height: h * UNIT - GAP };
  if (panel.type === 'row') return text(panel.title, { x: box.x + 4, y: box.y + 20 }, { size: 14, bold: true });
  const lines = await linesOf(data, panel);
  const { episodes, range } = data;
  const chart: ChartData = { panel, lines, episodes, span: [0, range.to - range.from], step: range.step };
  const frame = rectangle({ ...box, x: 0, y: 0 }, `fill="none" stroke="${GRID}" rx="3"`);
  const title = text(panel.title, { x: PAD, y: 19 }, { size: 13, bold: true });
  return placed(`${frame}${title}${panel.type === 'stat' ? stat(chart, box) : chartWithLegend(chart, box)}`, box);
}

/** What the queries of a panel come to, as lines by their names. */
async function linesOf({ prometheus, range }: DashboardData, panel: PanelFile): Promise<readonly Line[]> {
  // What bars count is counted once: their windows do not overlap.
  const isBars = panel.fieldConfig.defaults.custom?.drawStyle === 'bars';
  const shown = isBars ? { ...range, step: RATE_SECONDS } : range;
  const answers = panel.targets.map(async ({ expr, legendFormat }) => {
    const series = await prometheus.range(asSent(expr, { __rate_interval: `${RATE_SECONDS}s` }), shown);
    return series.map((one) => lineOf(one, legendFormat, range.from));
  });
  return (await Promise.all(answers)).flat();
}

function lineOf({ metric, values }: Series, legend: string, from: number): Line {
  const name = legend.replaceAll(/\{\{(\w+)\}\}/g, (_, label: string) => metric[label] ?? '').trim();
  const points = values.map(([time, value]) => [time - from, Number(value)] as const);
  return { name, points: points.filter(([, value]) => Number.isFinite(value)) };
}

/** The last number of each line; of two, as a part of the other. */
function stat({ panel, lines }: ChartData, { width, height }: Box): string {
  const { unit, thresholds } = panel.fieldConfig.defaults;
  const last = lines.map(({ points }) => points.at(-1)?.[1] ?? Number.NaN);
  const step = thresholds?.steps.findLast(({ value }) => value === null || (last[0] ?? 0) >= value);
  const color = COLORS[step?.color ?? 'blue'];
  const shown = last.map((value) => unitText(unit, value)).join(' of ');
  const at = { x: width / 2, y: height / 2 + 24 };
  return text(shown, at, { size: 32, bold: true, anchor: 'middle', ...(color !== undefined && { color }) });
}

function chartWithLegend(data: ChartData, { width, height }: Box): string {
  const legend = legendLines(data, width - 2 * PAD);
  const inner = { width: width - PAD, height: height - TITLE_HEIGHT - legend.length * LEGEND_LINE - 8 };
  const chart = data.panel.type === 'state-timeline' ? stateChart(data, inner) : lineChart(data, inner);
  const entries = legend.map((content, index) => {
    return placed(content, { x: PAD, y: TITLE_HEIGHT + inner.height + (index + 1) * LEGEND_LINE });
  });
  return `${placed(chart, { x: 2, y: TITLE_HEIGHT })}${entries.join('')}`;
}

/** The legend, broken into lines of this width. */
function legendLines(data: ChartData, width: number): readonly string[] {
  const lines: string[] = [''];
  let x = 0;
  for (const { name, color } of legendOf(data)) {
    const wide = textWidth(name, LEGEND_SIZE) + 34;
    if (x > 0 && x + wide > width) {
      lines.push('');
      x = 0;
    }
    const mark = rectangle({ x, y: -8, width: 14, height: 4 }, `fill="${color}" rx="2"`);
    lines[lines.length - 1] += mark + text(name, { x: x + 19, y: -2 }, { size: LEGEND_SIZE });
    x += wide;
  }
  return lines;
}

function legendOf({ panel, lines }: ChartData): readonly { readonly name: string; readonly color: string }[] {
  const states = panel.fieldConfig.defaults.mappings?.flatMap(({ options }) => Object.values(options));
  if (states !== undefined)
    return states.map(({ text: name, color }) => ({ name, color: STATE_COLORS[color] ?? color }));
  return lines.map(({ name }, index) => ({ name, color: lineColor(panel, name, index) }));
}
