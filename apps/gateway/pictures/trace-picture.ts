import type { ReceivedSpan } from '@lockstep/testkit';
import { PALETTE } from './line-chart.ts';
import { FAINT, GRID, INK, line, PAPER, picture, placed, rectangle, text, textWidth } from './svg.ts';

const WIDTH = 1240;
const LEFT = 300;
const RIGHT = 40;
const HEAD = 96;
const ROW = 30;
const PAD = 16;
const INDENT = 18;
const TICKS = 8;
const DETAIL_SIZE = 11;
const NANOSECONDS_PER_MS = 1_000_000;

/** What of a span's attributes is told beside its time. */
const TOLD = ['scope', 'wait', 'fence.by', 'fence.acknowledged', 'effect', 'verdict'];

interface Row {
  readonly span: ReceivedSpan;
  readonly depth: number;
}

/** A clear, and all that it caused on all nodes, each span under the one that caused it, on one scale of time. */
export function clearPicture(spans: readonly ReceivedSpan[]): string {
  const clear = spans.find(({ name }) => name === 'lockstep.clear');
  if (clear === undefined) throw new Error('there is no clear in this trace');
  const rows = [{ span: clear, depth: 0 }, ...below(clear, spans, 1)];
  const since = (ns: bigint): number => Number(ns - clear.startNs) / NANOSECONDS_PER_MS;
  const lastMs = Math.max(...rows.map(({ span }) => since(span.endNs)));
  const x = (ms: number): number => LEFT + (ms / lastMs) * (WIDTH - LEFT - RIGHT);
  const instances = [...new Set(rows.map(({ span }) => instanceOf(span)))].sort();
  const color = (instance: string): string => PALETTE[instances.indexOf(instance) % PALETTE.length] ?? INK;
  const height = HEAD + rows.length * ROW + PAD;
  const bars = rows.map(({ span, depth }, index) => {
    const [from, to] = [since(span.startNs), since(span.endNs)];
    const drawn = { depth, x: x(from), width: x(to) - x(from), tookMs: to - from, color: color(instanceOf(span)) };
    return placed(bar(span, drawn), { x: 0, y: HEAD + index * ROW });
  });
  const title = `One clear on ${instances.length} nodes`;
  const parent = spans.find(({ spanId }) => spanId === clear.parentSpanId);
  const within = parent === undefined ? '' : `, in ${parent.name} of ${instanceOf(parent)}`;
  const said = `trace ${clear.traceId}${within}; as the nodes have sent it`;
  const content = [head(title, said), legend(instances, color), scale(x, lastMs, height), ...bars];
  return picture(content.join(''), { width: WIDTH, height, title });
}

/** The node that sent it. */
export function instanceOf({ resource }: ReceivedSpan): string {
  return String(resource['service.instance.id']);
}

/** What a span caused, by time, and after each what that caused. */
function below(parent: ReceivedSpan, spans: readonly ReceivedSpan[], depth: number): readonly Row[] {
  return spans
    .filter(({ parentSpanId }) => parentSpanId === parent.spanId)
    .sort((a, b) => Number(a.startNs - b.startNs))
    .flatMap((span) => [{ span, depth }, ...below(span, spans, depth + 1)]);
}

interface Drawn {
  readonly depth: number;
  readonly x: number;
  readonly width: number;
  readonly tookMs: number;
  readonly color: string;
}

function bar(span: ReceivedSpan, { depth, x, width, tookMs, color }: Drawn): string {
  const wide = Math.max(2, width);
  const told = [milliseconds(tookMs), ...TOLD.flatMap((key) => toldOf(span, key))].join(' · ');
  // In its bar where that is wide enough; else after it, or before it where there is more room.
  const isInside = textWidth(told, DETAIL_SIZE) + 12 < wide;
  const isAfter = isInside || x + wide / 2 < (LEFT + WIDTH) / 2;
  const at = isInside ? x + 8 : isAfter ? x + wide + 8 : x - 8;
  const look = { size: DETAIL_SIZE, color: isInside ? PAPER : FAINT, anchor: isAfter ? 'start' : 'end' } as const;
  return [
    line({ x: PAD, y: ROW - 4 }, { x: WIDTH - PAD, y: ROW - 4 }, `stroke="${GRID}"`),
    text(span.name, { x: PAD + depth * INDENT, y: 17 }, { bold: depth === 0 }),
    text(instanceOf(span), { x: LEFT - 12, y: 17 }, { size: DETAIL_SIZE, color: FAINT, anchor: 'end' }),
    rectangle({ x, y: 4, width: wide, height: 18 }, `fill="${color}" rx="2"`),
    text(told, { x: at, y: 17 }, look),
  ].join('');
}

function toldOf({ attributes }: ReceivedSpan, key: string): string[] {
  const value = attributes[`lockstep.${key}`];
  return value === undefined ? [] : [`${key} ${value}`];
}

function head(title: string, said: string): string {
  const beside = { x: PAD + textWidth(title, 18) + 20, y: 28 };
  return text(title, { x: PAD, y: 28 }, { size: 18, bold: true }) + text(said, beside, { color: FAINT });
}

function legend(instances: readonly string[], color: (instance: string) => string): string {
  const marks = instances.map((instance, index) => {
    const x = PAD + index * 120;
    const mark = rectangle({ x, y: 46, width: 14, height: 10 }, `fill="${color(instance)}" rx="2"`);
    return mark + text(instance, { x: x + 20, y: 55 });
  });
  return marks.join('');
}

function scale(x: (ms: number) => number, lastMs: number, height: number): string {
  const step = roundStep(lastMs / TICKS);
  const look = { size: DETAIL_SIZE, color: FAINT, anchor: 'middle' } as const;
  const ticks: string[] = [];
  for (let ms = 0; ms <= lastMs; ms += step) {
    ticks.push(line({ x: x(ms), y: HEAD - 8 }, { x: x(ms), y: height - PAD }, `stroke="${GRID}"`));
    ticks.push(text(milliseconds(ms), { x: x(ms), y: HEAD - 14 }, look));
  }
  return ticks.join('');
}

/** The next of 1, 2 and 5 times a power of ten. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5].find((factor) => factor * power >= least) ?? 10) * power;
}

function milliseconds(ms: number): string {
  return `${Number(ms.toFixed(ms < 10 ? 2 : 1))} ms`;
}
