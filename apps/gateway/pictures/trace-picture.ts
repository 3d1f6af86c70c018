import type { ExportedSpan } from '../test/span-sink.ts';
import { attributeOf } from '../test/span-sink.ts';
import { PALETTE } from './line-chart.ts';
import { FAINT, GRID, INK, line, picture, placed, rectangle, text, textWidth } from './svg.ts';

const WIDTH = 1240;
const LEFT = 330;
const RIGHT = 30;
const HEAD = 96;
const ROW = 30;
const PAD = 16;
const INDENT = 18;
const TICKS = 6;
const DETAIL_SIZE = 11;
const NANOSECONDS_PER_MS = 1_000_000;

/** What of a span's attributes is told beside its bar. */
const TOLD = [
  'lockstep.verb',
  'lockstep.scope',
  'lockstep.wait',
  'lockstep.result',
  'lockstep.fence.by',
  'lockstep.fence.acknowledged',
  'db.operation.name',
  'lockstep.partition',
  'lockstep.sequence',
  'lockstep.effect',
];

interface Row {
  readonly span: ExportedSpan;
  readonly depth: number;
}

/** The spans of one trace, each under the one that caused it, on one scale of time. */
export function tracePicture(spans: readonly ExportedSpan[]): string {
  const rows = inOrder(spans);
  const [root] = rows;
  if (root === undefined) throw new Error('there is no trace without a span');
  const startNs = BigInt(root.span.startTimeUnixNano);
  const since = (time: string): number => Number(BigInt(time) - startNs) / NANOSECONDS_PER_MS;
  const [firstMs, lastMs] = [
    Math.min(...spans.map((span) => since(span.startTimeUnixNano))),
    Math.max(...spans.map((span) => since(span.endTimeUnixNano))),
  ];
  const x = (ms: number): number => LEFT + ((ms - firstMs) / (lastMs - firstMs)) * (WIDTH - LEFT - RIGHT);
  const instances = [...new Set(spans.map(({ instance }) => instance))].sort();
  const color = (instance: string): string => PALETTE[instances.indexOf(instance) % PALETTE.length] ?? INK;
  const height = HEAD + rows.length * ROW + PAD;
  const bars = rows.map(({ span, depth }, index) => {
    const [from, to] = [since(span.startTimeUnixNano), since(span.endTimeUnixNano)];
    return placed(
      bar(span, { depth, x: x(from), width: x(to) - x(from), tookMs: to - from, color: color(span.instance) }),
      {
        x: 0,
        y: HEAD + index * ROW,
      },
    );
  });
  const title = `One clear on ${instances.length} nodes`;
  const content = [
    head(title, root.span, lastMs - firstMs),
    legend(instances, color),
    scale(x, [firstMs, lastMs], height),
  ];
  return picture([...content, ...bars].join(''), { width: WIDTH, height, title });
}

/** Each span after the one that caused it, and those with one cause by their time. */
function inOrder(spans: readonly ExportedSpan[]): readonly Row[] {
  const known = new Set(spans.map(({ spanId }) => spanId));
  const byTime = spans.toSorted((a, b) => Number(BigInt(a.startTimeUnixNano) - BigInt(b.startTimeUnixNano)));
  const under = (parent: string | undefined, depth: number): Row[] =>
    byTime
      .filter(({ parentSpanId = '' }) => (known.has(parentSpanId) ? parentSpanId : undefined) === parent)
      .flatMap((span) => [{ span, depth }, ...under(span.spanId, depth + 1)]);
  return under(undefined, 0);
}

interface Drawn {
  readonly depth: number;
  readonly x: number;
  readonly width: number;
  readonly tookMs: number;
  readonly color: string;
}

function bar(span: ExportedSpan, { depth, x, width, tookMs, color }: Drawn): string {
  const wide = Math.max(2, width);
  const told = [milliseconds(tookMs), ...TOLD.flatMap((key) => toldOf(span, key))].join('   ');
  // What has no room after its bar stands before it, or in it.
  const fits = x + wide + 8 + textWidth(told, DETAIL_SIZE) < WIDTH - RIGHT;
  const inside = !fits && textWidth(told, DETAIL_SIZE) + 12 < wide;
  const at = fits ? x + wide + 8 : inside ? x + 8 : x - 8;
  return [
    line({ x: PAD, y: ROW - 4 }, { x: WIDTH - RIGHT, y: ROW - 4 }, `stroke="${GRID}"`),
    text(span.name, { x: PAD + depth * INDENT, y: 17 }, { bold: depth === 0 }),
    text(span.instance, { x: LEFT - 12, y: 17 }, { size: DETAIL_SIZE, color: FAINT, anchor: 'end' }),
    rectangle({ x, y: 4, width: wide, height: 18 }, `fill="${color}" rx="2"`),
    text(
      told,
      { x: at, y: 17 },
      { size: DETAIL_SIZE, color: inside ? '#ffffff' : FAINT, anchor: fits || inside ? 'start' : 'end' },
    ),
  ].join('');
}

function toldOf(span: ExportedSpan, key: string): string[] {
  const value = attributeOf(span, key);
  return value === undefined ? [] : [`${key.replace(/^(lockstep|db)\./, '')} ${value}`];
}

function head(title: string, root: ExportedSpan, tookMs: number): string {
  const said = `trace ${root.traceId}, ${milliseconds(tookMs)}: what the three nodes exported`;
  return (
    text(title, { x: PAD, y: 28 }, { size: 18, bold: true }) +
    text(said, { x: PAD + textWidth(title, 18) + 20, y: 28 }, { color: FAINT })
  );
}

function legend(instances: readonly string[], color: (instance: string) => string): string {
  return instances
    .map((instance, index) => {
      const x = PAD + index * 120;
      const mark = rectangle({ x, y: 44, width: 14, height: 10 }, `fill="${color(instance)}" rx="2"`);
      return mark + text(instance, { x: x + 20, y: 53 });
    })
    .join('');
}

function scale(x: (ms: number) => number, [from, to]: readonly [number, number], height: number): string {
  const step = roundStep((to - from) / TICKS);
  const ticks: string[] = [];
  for (let ms = Math.ceil(from / step) * step; ms <= to; ms += step) {
    ticks.push(line({ x: x(ms), y: HEAD - 8 }, { x: x(ms), y: height - PAD }, `stroke="${GRID}"`));
    ticks.push(
      text(milliseconds(ms), { x: x(ms), y: HEAD - 14 }, { size: DETAIL_SIZE, color: FAINT, anchor: 'middle' }),
    );
  }
  return ticks.join('');
}

/** The next of 1, 2 and 5 times a power of ten. */
function roundStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least));
  return ([1, 2, 5, 10].find((factor) => factor * power >= least) ?? 10) * power;
}

function milliseconds(ms: number): string {
  return `${Number(ms.toFixed(ms < 10 ? 2 : 1))} ms`;
}
