import { AVERAGE_LATENCY, P99_LATENCY } from './lookup-latency.ts';
import type { Unplaced } from './panel.ts';
import { lines } from './panel.ts';
import { ofNamespaces, rate, sum } from './promql.ts';

/** Lookups a second: those with these outcomes, or all. */
export const lookups = (outcomes: string = ''): string =>
  sum(rate(ofNamespaces('lockstep_lookups_total', outcomes && `lockstep_outcome=~"${outcomes}"`)));
/** Outcomes of lookups that were answered from a cache. */
export const HIT = 'near|tier|stale';
/** What part of all lookups has these outcomes. */
export const share = (outcomes: string): string => `(${lookups(outcomes)} or vector(0)) / ${lookups()}`;

/** What lookups get, and how fast. */
export const answers: readonly Unplaced[] = [
  lines({
    title: 'Hits and misses',
    description:
      'Parts of all lookups. Hits were answered from a cache: near, the tier, or a stale value while the origin failed. Misses asked the origin, found nothing, failed, or were answered by a node that could not vouch for its caches.',
    unit: 'percentunit',
    width: 12,
    max: 1,
    queries: [
      { expr: share(HIT), legend: 'hits' },
      { expr: share('near'), legend: 'hits in the near-cache' },
      { expr: `1 - (${share(HIT)})`, legend: 'misses' },
    ],
  }),
  lines({
    title: 'Lookups by outcome',
    description: 'Every lookup has exactly one outcome. A clear shows as a dip of near, and a peak of tier and load.',
    unit: 'suffix:/s',
    width: 12,
    stacked: true,
    queries: [
      { expr: sum(rate(ofNamespaces('lockstep_lookups_total')), 'lockstep_outcome'), legend: '{{lockstep_outcome}}' },
    ],
  }),
  lines({
    title: 'Average lookup latency',
    description:
      'By what answered. Of near hits one in 1,024 is timed, so a plain average would hide them: in "all" they count with their true number (lockstep_lookups_total), each as long as the timed ones of the past hour took on average.',
    unit: 's',
    width: 12,
    logarithmic: true,
    queries: AVERAGE_LATENCY,
  }),
  lines({
    title: 'p99 lookup latency',
    description:
      'One lookup in a hundred took longer; by what answered. In "all" near hits count with their true number, as in the average. A quantile is read from buckets, so it is as exact as they are fine.',
    unit: 's',
    width: 12,
    logarithmic: true,
    queries: P99_LATENCY,
  }),
];

/** How full the near-caches are, and what fills and empties them. */
export const size: readonly Unplaced[] = [
  lines({
    title: 'Entries',
    description: 'Entries in the near-caches of all chosen nodes, by namespace.',
    unit: 'short',
    width: 6,
    stacked: true,
    queries: [
      { expr: sum(ofNamespaces('lockstep_near_entries'), 'lockstep_namespace'), legend: '{{lockstep_namespace}}' },
    ],
  }),
  lines({
    title: 'Memory',
    description:
      'Bytes of the encoded values in the near-caches, which their bounds count. The heap is in the dashboard of a node.',
    unit: 'bytes',
    width: 6,
    stacked: true,
    queries: [
      { expr: sum(ofNamespaces('lockstep_near_size_bytes'), 'lockstep_namespace'), legend: '{{lockstep_namespace}}' },
    ],
  }),
  lines({
    title: 'Evictions',
    description:
      'Entries that left the near-caches: for want of room (capacity), or because of a clear, expire, newer value or new history (cleared). Capacity that does not end asks for larger bounds.',
    unit: 'suffix:/s',
    width: 6,
    stacked: true,
    queries: [
      {
        expr: sum(rate(ofNamespaces('lockstep_near_evictions_total')), 'lockstep_reason'),
        legend: '{{lockstep_reason}}',
      },
    ],
  }),
  lines({
    title: 'Loads',
    description:
      'Calls of the origin, and the lookups that were spared one: by joining one on their node (coalesced), or by waiting for that of another node (waited for a lease).',
    unit: 'suffix:/s',
    width: 6,
    queries: [
      {
        expr: sum(rate(ofNamespaces('lockstep_load_duration_seconds_count')), 'lockstep_result'),
        legend: '{{lockstep_result}}',
      },
      { expr: sum(rate(ofNamespaces('lockstep_lookups_coalesced_total'))), legend: 'coalesced' },
      { expr: sum(rate(ofNamespaces('lockstep_lease_waits_total'))), legend: 'waited for a lease' },
    ],
  }),
];
