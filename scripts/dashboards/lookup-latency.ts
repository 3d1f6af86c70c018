import type { Query } from './panel.ts';
import { mean, ofNamespaces, quantile, rate, sum } from './promql.ts';

const DURATION = 'lockstep_lookup_duration_seconds';
const NEAR = 'lockstep_source="near"';
const OTHERS = 'lockstep_source!="near"';
/** Near hits are timed so seldom that only a long window has enough of them. */
const NEAR_WINDOW = '1h';
const QUANTILE = 0.99;

const lookups = sum(rate(ofNamespaces('lockstep_lookups_total')));
const timed = (part: string, source: string, window?: string): string =>
  rate(ofNamespaces(`${DURATION}_${part}`, source), window);
/** Every lookup that is no near hit is timed, so the rest are near hits. */
const nearHits = `(${lookups} - (${sum(timed('count', OTHERS))} or vector(0)))`;

/** The mean over all lookups: near hits by their true number, each taking as long as the timed ones did. */
function meanOfAll(): string {
  const near = `(${sum(timed('sum', NEAR, NEAR_WINDOW))} / ${sum(timed('count', NEAR, NEAR_WINDOW))} >= 0 or vector(0))`;
  return `(${nearHits} * ${near} + (${sum(timed('sum', OTHERS))} or vector(0))) / ${lookups}`;
}

/** The quantile over all lookups, likewise: the buckets of the timed near hits are scaled to their true number. */
function quantileOfAll(): string {
  const near = sum(timed('bucket', NEAR, NEAR_WINDOW), 'le');
  const scale = `scalar(${nearHits}) / scalar(${sum(timed('count', NEAR, NEAR_WINDOW))})`;
  return `histogram_quantile(${QUANTILE}, ${sum(timed('bucket', OTHERS), 'le')} + ${near} * ${scale})`;
}

const bySource = { of: ofNamespaces, by: 'lockstep_source' };

export const AVERAGE_LATENCY: readonly Query[] = [
  { expr: meanOfAll(), legend: 'all' },
  { expr: mean(DURATION, bySource), legend: '{{lockstep_source}}' },
];

export const P99_LATENCY: readonly Query[] = [
  { expr: quantileOfAll(), legend: 'all' },
  { expr: quantile(QUANTILE, DURATION, bySource), legend: '{{lockstep_source}}' },
];
