import type { Attributes } from '@opentelemetry/api';
import type { MetricData, ResourceMetrics } from '@opentelemetry/sdk-metrics';
import { DataPointType } from '@opentelemetry/sdk-metrics';

/** The text format that is written. */
export const CONTENT_TYPE = 'text/plain; version=0.0.4; charset=utf-8';

/** Units as Prometheus spells them. Those in braces, and `1`, are not part of a name. */
const UNITS: Readonly<Record<string, string>> = { s: 'seconds', ms: 'milliseconds', By: 'bytes' };

/**
 * Metrics as Prometheus reads them. Names are made as the specification of OpenTelemetry has it, with their units, which
 * the SDK's own exporter leaves out; the scope of an instrument is not a label.
 */
export function prometheusText({ resource, scopeMetrics }: ResourceMetrics): string {
  const about = '# HELP target_info What the process is.\n# TYPE target_info gauge\n';
  const text = [`${about}target_info{${labelsOf(resource.attributes)}} 1\n`];
  for (const { metrics } of scopeMetrics) for (const metric of metrics) text.push(familyOf(metric));
  return text.join('');
}

/** The name of a metric: `lockstep.lookup.duration` in seconds is `lockstep_lookup_duration_seconds`. */
function prometheusName({ descriptor: { name, unit }, ...metric }: MetricData): string {
  const plain = nameOf(name);
  const suffix = UNITS[unit];
  const measured = suffix === undefined || plain.endsWith(`_${suffix}`) ? plain : `${plain}_${suffix}`;
  const counts = metric.dataPointType === DataPointType.SUM && metric.isMonotonic;
  return counts && !measured.endsWith('_total') ? `${measured}_total` : measured;
}

function familyOf(metric: MetricData): string {
  const name = prometheusName(metric);
  const help = metric.descriptor.description.replaceAll('\\', '\\\\').replaceAll('\n', '\\n');
  let text = `${help === '' ? '' : `# HELP ${name} ${help}\n`}# TYPE ${name} ${typeOf(metric)}\n`;
  if (metric.dataPointType === DataPointType.EXPONENTIAL_HISTOGRAM) return '';
  if (metric.dataPointType !== DataPointType.HISTOGRAM) {
    for (const { attributes, value } of metric.dataPoints) text += line(name, labelsOf(attributes), value);
    return text;
  }
  for (const { attributes, value } of metric.dataPoints) {
    const labels = labelsOf(attributes);
    const before = labels === '' ? '' : `${labels},`;
    const { boundaries, counts } = value.buckets;
    let upTo = 0;
    for (const [index, count] of counts.entries()) {
      upTo += count;
      text += line(`${name}_bucket`, `${before}le="${boundaries[index] ?? '+Inf'}"`, upTo);
    }
    if (value.sum !== undefined) text += line(`${name}_sum`, labels, value.sum);
    text += line(`${name}_count`, labels, value.count);
  }
  return text;
}

function typeOf(metric: MetricData): string {
  if (metric.dataPointType === DataPointType.HISTOGRAM) return 'histogram';
  return metric.dataPointType === DataPointType.SUM && metric.isMonotonic ? 'counter' : 'gauge';
}

function line(name: string, labels: string, value: number): string {
  const written = Number.isFinite(value) ? String(value) : value > 0 ? '+Inf' : value < 0 ? '-Inf' : 'NaN';
  return labels === '' ? `${name} ${written}\n` : `${name}{${labels}} ${written}\n`;
}

/** Attributes whose names come to the same label are one, their values apart by `;`: a label twice fails the whole scrape. */
function labelsOf(attributes: Attributes): string {
  const labels = new Map<string, string>();
  for (const [name, value] of Object.entries(attributes)) {
    const label = nameOf(name);
    const text = (typeof value === 'string' ? value : JSON.stringify(value)) ?? '';
    const known = labels.get(label);
    labels.set(label, known === undefined ? text : `${known};${text}`);
  }
  return [...labels].map(([label, text]) => `${label}="${escaped(text)}"`).join(',');
}

function escaped(text: string): string {
  return /[\\"\n]/.test(text) ? text.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n') : text;
}

/** Names by what they are made of: there are few of them, and each scrape has all of them many times. */
const names: Map<string, string> = new Map();
const NAMES_MAX = 1_000;

function nameOf(name: string): string {
  const known = names.get(name);
  if (known !== undefined) return known;
  const made = name.replaceAll(/[^a-zA-Z0-9_]+/g, '_').replace(/^(?=\d)/, '_');
  if (names.size < NAMES_MAX) names.set(name, made);
  return made;
}
