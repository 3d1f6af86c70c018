import { OBSERVED, RECORDED } from '@lockstep/telemetry';

/** The units that are part of a metric's name in Prometheus. */
const UNITS: Readonly<Record<string, string>> = { s: 'seconds', By: 'bytes' };

/** A metric, as far as its name in Prometheus goes by it. */
interface Metric {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  readonly unit: string;
  readonly attributes: readonly string[];
}

/** What the gateway exports besides the cache's metrics: by the conventions of OpenTelemetry. */
const GATEWAY: readonly Metric[] = [
  histogram('http.server.request.duration', ['http.request.method', 'http.route', 'http.response.status_code']),
  histogram('mcp.server.operation.duration', ['mcp.method.name', 'error.type']),
  histogram('v8js.gc.duration', ['v8js.gc.type']),
  { name: 'v8js.memory.heap.used', kind: 'gauge', unit: 'By', attributes: [] },
  { name: 'nodejs.eventloop.delay.p99', kind: 'gauge', unit: 's', attributes: [] },
  { name: 'nodejs.eventloop.utilization', kind: 'gauge', unit: '1', attributes: [] },
  { name: 'otel.sdk.processor.span.processed', kind: 'counter', unit: '{span}', attributes: ['error.type'] },
];

const ALL: readonly Metric[] = [...Object.values(OBSERVED), ...Object.values(RECORDED), ...GATEWAY];

/** The names of everything that nodes export, as Prometheus has them; of a histogram, those of its parts. */
export const METRIC_NAMES: ReadonlySet<string> = new Set(ALL.flatMap(namesOf));

/** The labels by which series are told apart. */
export const LABEL_NAMES: ReadonlySet<string> = new Set(ALL.flatMap(({ attributes }) => attributes.map(plain)));

function namesOf({ name, kind, unit }: Metric): string[] {
  const suffix = UNITS[unit];
  const measured = suffix === undefined ? plain(name) : `${plain(name)}_${suffix}`;
  if (kind === 'counter') return [`${measured}_total`];
  return kind === 'histogram' ? ['bucket', 'sum', 'count'].map((part) => `${measured}_${part}`) : [measured];
}

function plain(name: string): string {
  return name.replaceAll('.', '_');
}

function histogram(name: string, attributes: readonly string[]): Metric {
  return { name, kind: 'histogram', unit: 's', attributes };
}
