import type { DashboardSource } from './dashboard.ts';
import { answers, HIT, lookups, share, size } from './lookup-panels.ts';
import type { Unplaced } from './panel.ts';
import { lines, stat, states } from './panel.ts';
import { increase, max, ofNodes, quantile, rate, sum } from './promql.ts';

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

const coherence: readonly Unplaced[] = [
  states({
    title: 'Coherence',
    description:
      'Coherent: the node vouches for its answers. Degraded: it cannot, answers all the same, and marks them. Isolated: it cannot, and neither tier nor bus answers it.',
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
    title: 'Latency of the tier',
    description:
      'Of all operations of the tier, as their nodes saw them: half of them took less than p50, one in a hundred more than p99. By operation it is in the dashboard of a node.',
    unit: 's',
    width: 8,
    logarithmic: true,
    queries: [
      { expr: quantile(0.5, TIER, { of: ofNodes }), legend: 'p50' },
      { expr: quantile(0.99, TIER, { of: ofNodes }), legend: 'p99' },
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
