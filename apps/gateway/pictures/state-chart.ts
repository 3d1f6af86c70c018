import type { ChartData, Line } from './line-chart.ts';
import { TICK_SECONDS } from './line-chart.ts';
import { STATE_COLORS } from './state-colors.ts';
import type { Box } from './svg.ts';
import { FAINT, line, rectangle, text } from './svg.ts';
import { clockText } from './unit-text.ts';

const LEFT = 120;
const RIGHT = 14;
const BOTTOM = 22;
const SIZE = 11;

/** What state each of several things was in, over time: a bar for each, and nothing where nothing is known. */
export function stateChart(data: ChartData, { width, height }: Pick<Box, 'width' | 'height'>): string {
  const { lines, span } = data;
  const [from, to] = span;
  const x = (seconds: number): number => LEFT + ((seconds - from) / (to - from)) * (width - LEFT - RIGHT);
  const bottom = height - BOTTOM;
  const each = bottom / Math.max(1, lines.length);
  const bars = lines.map((one, index) => {
    const y = index * each + each * 0.12;
    const name = text(one.name, { x: LEFT - 8, y: y + each * 0.38 + 4 }, { size: SIZE, anchor: 'end' });
    const parts = runsOf(one).map((run) => {
      return rectangle(
        { x: x(run.from), y, width: x(Math.min(to, run.to)) - x(run.from), height: each * 0.76 },
        `fill="${colorOf(data, run.value)}"`,
      );
    });
    return name + parts.join('');
  });
  const ticks: string[] = [line({ x: LEFT, y: bottom }, { x: width - RIGHT, y: bottom }, `stroke="${FAINT}"`)];
  for (let at = from; at <= to; at += TICK_SECONDS) {
    ticks.push(text(clockText(at), { x: x(at), y: bottom + 16 }, { size: SIZE, color: FAINT, anchor: 'middle' }));
  }
  return bars.join('') + ticks.join('');
}

interface Run {
  readonly from: number;
  to: number;
  readonly value: number;
}

/** Times in which a value stood; a value holds for one step, and a hole ends it. */
function runsOf({ points }: Line): readonly Run[] {
  const step = Math.min(...points.slice(1).map(([at], index) => at - (points[index]?.[0] ?? at)));
  const runs: Run[] = [];
  for (const [at, value] of points) {
    const last = runs.at(-1);
    if (last?.value === value && at - last.to < step / 2) last.to = at + step;
    else runs.push({ from: at, to: at + step, value });
  }
  return runs;
}

function colorOf({ panel }: ChartData, value: number): string {
  const [mapping] = panel.fieldConfig.defaults.mappings ?? [];
  const name = mapping?.options[String(value)]?.color ?? '';
  return STATE_COLORS[name] ?? FAINT;
}
