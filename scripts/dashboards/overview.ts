import type { DashboardSource } from './dashboard.ts';
import { AVERAGE_LATENCY, P99_LATENCY } from './lookup-latency.ts';
import type { Unplaced } from './panel.ts';
import { lines, stat, states } from './panel.ts';
import { increase, max, ofNamespaces, ofNodes, quantile, rate, sum } from './promql.ts';

const lookups = (outcomes: string = ''): string =>
  sum(rate(ofNamespaces('lockstep_lookups_total', outcomes && `lockstep_outcome=~"${outcomes}"`)));
/** Outcomes of lookups that were answered from a cache. */
const HIT = 'near|tier|stale';
const share = (outcomes: string): string => `(${lookups(outcomes)} or vector(0)) / ${lookups()}`;

const now: readonly Unplaced[] = [
  stat({
    title: 'Coherent nodes',
    description: 'How many nodes vouch for what they answer. The others answer too, and mark what they answer.',
    unit: 'short',
    width: 4,
    queries: [
      { expr: sum(ofNodes('lockstep_coherence_state', 'lockstep_state="coherent"')), legend: 'coherent' },
      { expr: `count(${ofNodes('lockstep_coherence_state', 'lockstep_state="coherent"')})`, legend: 'all' },
    ],
  }),
  stat({
    title: 'Alerts',
    description: 'How many alerts of infra/prometheus/rules fire.',
    unit: 'short',
    width: 4,
    red: { from: 1 },
    queries: [{ expr: `count(ALERTS{alertname=~"Lockstep.+",alertstate="firing"}) or vector(0)`, legend: 'firing' }],
  }),
  stat({
    title: 'Hit ratio',
    description: 'The part of all lookups that a cache answered: the near-cache, the tier, or a stale value.',
    unit: 'percentunit',
    width: 4,
    queries: [{ expr: share(HIT), legend: 'hits' }],
  }),
  stat({
    title: 'Lookups',
    description: 'Lookups of all chosen nodes and namespaces.',
    unit: 'suffix:/s',
    width: 4,
    queries: [{ expr: lookups(), legend: 'lookups' }],
  }),
  stat({
    title: 'Violations',
    description:
      'Near entries that were served longer than the staleness bound allows, since the nodes have started. Anything but 0 is a defect.',
    unit: 'short',
    width: 4,
    red: { from: 1 },
    queries: [{ expr: sum(ofNodes('lockstep_coherence_violations_total')), legend: 'violations' }],
  }),
  stat({
    title: 'Queued clears',
    description:
      'Clears that the tier does not have yet. They are in the memory of their nodes alone, and are lost with them.',
    unit: 'short',
    width: 4,
    red: { from: 1 },
    queries: [{ expr: sum(ofNodes('lockstep_clears_queued')), legend: 'queued' }],
  }),
];

const answers: readonly Unplaced[] = [
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

const size: readonly Unplaced[] = [
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
      'Entries that left the near-caches: for want of room (capacity), at the end of their time (ended), or because of a clear, expire or newer value (cleared). Capacity that does not end asks for larger bounds.',
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

const coherence: readonly Unplaced[] = [
  states({
    title: 'Coherence',
    description:
      'Coherent: the node vouches for its answers. Degraded: it cannot, answers all the same, and marks them. Isolated: it has no contact to its cluster at all.',
    unit: 'short',
    width: 8,
    states: [
      { text: 'coherent', color: 'green' },
      { text: 'degraded', color: 'orange' },
      { text: 'isolated', color: 'red' },
    ],
    queries: [
      {
        expr: `${sum(ofNodes('lockstep_coherence_state', 'lockstep_state="degraded"'), 'instance')} + 2 * ${sum(ofNodes('lockstep_coherence_state', 'lockstep_state="isolated"'), 'instance')}`,
        legend: '{{instance}}',
      },
    ],
  }),
  lines({
    title: 'Staleness',
    description:
      'How old the oldest proof is that a node has applied everything, over all partitions. Each heartbeat renews it, several times per bound; a node past the bound is no longer coherent.',
    unit: 's',
    width: 8,
    limit: 'bound',
    queries: [
      { expr: max(ofNodes('lockstep_staleness_seconds'), 'instance'), legend: '{{instance}}' },
      { expr: `min(${ofNodes('lockstep_staleness_bound_seconds')})`, legend: 'bound' },
    ],
  }),
  lines({
    title: 'Auditor',
    description:
      'Near entries that were compared with the tier, and those of them that should no longer have been served. While nothing is compared, no violation says nothing.',
    unit: 'suffix:/s',
    width: 8,
    limit: 'violations',
    queries: [
      { expr: sum(rate(ofNodes('lockstep_coherence_audited_total')), 'instance'), legend: '{{instance}}' },
      { expr: sum(rate(ofNodes('lockstep_coherence_violations_total'))), legend: 'violations' },
    ],
  }),
];

const CLEAR = 'lockstep_clear_duration_seconds';
const FENCE = 'lockstep_fence_duration_seconds';

const clears: readonly Unplaced[] = [
  lines({
    title: 'Clears and expires',
    description:
      'How many, by what they waited for and what came of them. Queued: the tier was away, and gets them later.',
    unit: 'short',
    width: 8,
    bars: true,
    queries: [
      {
        expr: sum(increase(ofNodes(`${CLEAR}_count`)), 'lockstep_verb, lockstep_wait, lockstep_result'),
        legend: '{{lockstep_verb}} {{lockstep_wait}}: {{lockstep_result}}',
      },
    ],
  }),
  lines({
    title: 'p99 latency of clears',
    description:
      'Of clears and expires, by what they waited for. Committed: the tier has it. Fenced: no node can serve the older value any more.',
    unit: 's',
    width: 8,
    logarithmic: true,
    queries: [{ expr: quantile(0.99, CLEAR, { of: ofNodes, by: 'lockstep_wait' }), legend: '{{lockstep_wait}}' }],
  }),
  lines({
    title: 'p99 latency of fences',
    description:
      'From the commit to the fence. By acknowledgements: every node has said that it has applied it. By time: one did not, and could serve nothing older once the bound was over.',
    unit: 's',
    width: 8,
    logarithmic: true,
    queries: [{ expr: quantile(0.99, FENCE, { of: ofNodes, by: 'lockstep_by' }), legend: 'by {{lockstep_by}}' }],
  }),
];

const TIER = 'db_client_operation_duration_seconds';

const servers: readonly Unplaced[] = [
  states({
    title: 'Tier and bus',
    description:
      'Whether a node has its tier (its breaker is closed) and its bus. Without the bus clears arrive with the next heartbeat; without the tier the node is soon degraded.',
    unit: 'short',
    width: 8,
    states: [
      { text: 'away', color: 'red' },
      { text: 'there', color: 'green' },
    ],
    queries: [
      { expr: `1 - ${max(ofNodes('lockstep_breaker_open'), 'instance')}`, legend: '{{instance}}: tier' },
      { expr: `min by (instance) (${ofNodes('lockstep_bus_connected')})`, legend: '{{instance}}: bus' },
    ],
  }),
  lines({
    title: 'p99 latency of the tier',
    description: 'Of the operations of the tier, by their names, as their node saw them.',
    unit: 's',
    width: 8,
    logarithmic: true,
    queries: [
      { expr: quantile(0.99, TIER, { of: ofNodes, by: 'db_operation_name' }), legend: '{{db_operation_name}}' },
    ],
  }),
  lines({
    title: 'Repairs',
    description:
      'Gaps: events were missing in front of one that came. Replays: a node read what it had missed from the log of the tier. Resets: it could not, or the history was another one, and dropped a partition. Rejected entries could not be read.',
    unit: 'short',
    width: 8,
    bars: true,
    queries: [
      { expr: sum(increase(ofNodes('lockstep_gaps_total'))), legend: 'gaps' },
      { expr: sum(increase(ofNodes('lockstep_replays_total'))), legend: 'replays' },
      { expr: sum(increase(ofNodes('lockstep_resets_total'))), legend: 'resets' },
      { expr: sum(increase(ofNodes('lockstep_entries_rejected_total'))), legend: 'entries rejected' },
    ],
  }),
];

/** The cluster on one page: what its lookups get, and whether they may be believed. */
export const OVERVIEW: DashboardSource = {
  uid: 'lockstep-overview',
  title: 'Lockstep: overview',
  description: 'What the lookups of a cluster get, how fast, and whether its nodes are coherent.',
  byNamespace: true,
  rows: {
    Now: now,
    Lookups: answers,
    'Near-cache and loads': size,
    Coherence: coherence,
    'Clears and fences': clears,
    'Tier and bus': servers,
  },
};
