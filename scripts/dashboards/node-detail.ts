import type { DashboardSource } from './dashboard.ts';
import type { Unplaced } from './panel.ts';
import { lines } from './panel.ts';
import { increase, max, mean, ofNodes, quantile, rate, sum } from './promql.ts';

const events: readonly Unplaced[] = [
  lines({
    title: 'Events applied',
    description:
      'Events that took effect on a node: clears, expires and newer values, its own included. In a coherent cluster the nodes run alike.',
    unit: 'suffix:/s',
    width: 8,
    queries: [{ expr: sum(rate(ofNodes('lockstep_events_applied_total')), 'instance'), legend: '{{instance}}' }],
  }),
  lines({
    title: 'Frames',
    description:
      'Frames on the bus: events, acknowledgements of fenced clears, and fills that others wait for. Dropped ones could neither be parsed nor verified: another secret, another version, or a stranger.',
    unit: 'suffix:/s',
    width: 8,
    queries: [
      {
        expr: sum(rate(ofNodes('lockstep_bus_frames_total')), 'instance, lockstep_direction'),
        legend: '{{instance}}: {{lockstep_direction}}',
      },
    ],
  }),
  lines({
    title: 'Events replayed',
    description:
      "Events that a node read from the tier's log, since the bus had not brought them. After an outage of the bus there are some; without one there should be next to none.",
    unit: 'suffix:/s',
    width: 8,
    queries: [{ expr: sum(rate(ofNodes('lockstep_events_replayed_total')), 'instance'), legend: '{{instance}}' }],
  }),
  lines({
    title: 'Gaps and replays',
    description:
      'Gaps: times that events were missing for longer than the reorder window. Replays: times that a node read what it had missed.',
    unit: 'short',
    width: 8,
    bars: true,
    queries: [
      { expr: sum(increase(ofNodes('lockstep_gaps_total')), 'instance'), legend: '{{instance}}: gaps' },
      { expr: sum(increase(ofNodes('lockstep_replays_total')), 'instance'), legend: '{{instance}}: replays' },
    ],
  }),
  lines({
    title: 'Resets',
    description:
      "Times that a partition was started over: the tier's history was another one, or its log no longer reached back. Each drops what the node had near of that partition.",
    unit: 'short',
    width: 8,
    bars: true,
    queries: [{ expr: sum(increase(ofNodes('lockstep_resets_total')), 'instance'), legend: '{{instance}}' }],
  }),
  lines({
    title: 'Heartbeats',
    description:
      'How long heartbeats take, p99, by what came of them. There are four per bound; one that takes as long as the bound proves nothing.',
    unit: 's',
    width: 8,
    logarithmic: true,
    queries: [
      {
        expr: quantile(0.99, 'lockstep_heartbeat_duration_seconds', { of: ofNodes, by: 'instance, lockstep_result' }),
        legend: '{{instance}}: {{lockstep_result}}',
      },
    ],
  }),
];

const LOAD = 'lockstep_load_duration_seconds';
const TIER = 'db_client_operation_duration_seconds';

const loads: readonly Unplaced[] = [
  lines({
    title: 'Loads by namespace',
    description: 'Calls of the origin by this node, and what came of them.',
    unit: 'suffix:/s',
    width: 8,
    queries: [
      {
        expr: sum(rate(ofNodes(`${LOAD}_count`)), 'lockstep_namespace, lockstep_result'),
        legend: '{{lockstep_namespace}}: {{lockstep_result}}',
      },
    ],
  }),
  lines({
    title: 'Average load latency',
    description: 'How long the origin takes on average, by namespace.',
    unit: 's',
    width: 8,
    logarithmic: true,
    queries: [{ expr: mean(LOAD, { of: ofNodes, by: 'lockstep_namespace' }), legend: '{{lockstep_namespace}}' }],
  }),
  lines({
    title: 'Lookups that waited for a lease',
    description: "Lookups that waited for another node's load instead of asking the origin too.",
    unit: 'suffix:/s',
    width: 8,
    queries: [{ expr: sum(rate(ofNodes('lockstep_lease_waits_total')), 'instance'), legend: '{{instance}}' }],
  }),
];

const tier: readonly Unplaced[] = [
  lines({
    title: 'Operations of the tier',
    description: 'By their names.',
    unit: 'suffix:/s',
    width: 6,
    queries: [{ expr: sum(rate(ofNodes(`${TIER}_count`)), 'db_operation_name'), legend: '{{db_operation_name}}' }],
  }),
  lines({
    title: 'p99 latency of the tier',
    description: 'By operation.',
    unit: 's',
    width: 6,
    logarithmic: true,
    queries: [
      { expr: quantile(0.99, TIER, { of: ofNodes, by: 'db_operation_name' }), legend: '{{db_operation_name}}' },
    ],
  }),
  lines({
    title: 'Average latency of the tier',
    description: 'As each node sees it: one that stands apart has a slow way to the tier, or a slow event loop.',
    unit: 's',
    width: 6,
    logarithmic: true,
    queries: [{ expr: mean(TIER, { of: ofNodes, by: 'instance' }), legend: '{{instance}}' }],
  }),
  lines({
    title: 'Failures of the tier',
    description: 'Operations that failed, by operation and error.',
    unit: 'suffix:/s',
    width: 6,
    queries: [
      {
        expr: sum(rate(ofNodes(`${TIER}_count`, 'error_type!=""')), 'db_operation_name, error_type'),
        legend: '{{db_operation_name}}: {{error_type}}',
      },
    ],
  }),
];

const HTTP = 'http_server_request_duration_seconds';
const MCP = 'mcp_server_operation_duration_seconds';

const requests: readonly Unplaced[] = [
  lines({
    title: 'HTTP requests',
    description: 'By route and status. Probes are not among them.',
    unit: 'suffix:/s',
    width: 6,
    queries: [
      {
        expr: sum(rate(ofNodes(`${HTTP}_count`)), 'http_route, http_response_status_code'),
        legend: '{{http_route}} {{http_response_status_code}}',
      },
    ],
  }),
  lines({
    title: 'p99 latency of HTTP requests',
    description: 'By route.',
    unit: 's',
    width: 6,
    logarithmic: true,
    queries: [{ expr: quantile(0.99, HTTP, { of: ofNodes, by: 'http_route' }), legend: '{{http_route}}' }],
  }),
  lines({
    title: 'MCP requests',
    description: 'By method; with an error where there was one.',
    unit: 'suffix:/s',
    width: 6,
    queries: [
      {
        expr: sum(rate(ofNodes(`${MCP}_count`)), 'mcp_method_name, error_type'),
        legend: '{{mcp_method_name}} {{error_type}}',
      },
    ],
  }),
  lines({
    title: 'p99 latency of MCP requests',
    description: 'By method. Of tools/call most is the time of the server that is called.',
    unit: 's',
    width: 6,
    logarithmic: true,
    queries: [{ expr: quantile(0.99, MCP, { of: ofNodes, by: 'mcp_method_name' }), legend: '{{mcp_method_name}}' }],
  }),
];

const process: readonly Unplaced[] = [
  lines({
    title: 'Event loop',
    description: 'How late timers are, p99. A loop that stands still for a bound makes its node incoherent.',
    unit: 's',
    width: 8,
    queries: [{ expr: max(ofNodes('nodejs_eventloop_delay_p99_seconds'), 'instance'), legend: '{{instance}}' }],
  }),
  lines({
    title: 'Use of the event loop',
    description: 'The part of the time that it was busy. Near 1 the node has no processor left.',
    unit: 'percentunit',
    width: 8,
    max: 1,
    queries: [{ expr: max(ofNodes('nodejs_eventloop_utilization'), 'instance'), legend: '{{instance}}' }],
  }),
  lines({
    title: 'Heap',
    description: 'Used bytes of the heap of V8, near-caches included.',
    unit: 'bytes',
    width: 8,
    queries: [{ expr: sum(ofNodes('v8js_memory_heap_used_bytes'), 'instance'), legend: '{{instance}}' }],
  }),
  lines({
    title: 'Garbage collection',
    description: 'The part of the time that it took, by kind.',
    unit: 'percentunit',
    width: 12,
    queries: [{ expr: sum(rate(ofNodes('v8js_gc_duration_seconds_sum')), 'v8js_gc_type'), legend: '{{v8js_gc_type}}' }],
  }),
  lines({
    title: 'Spans',
    description:
      'Spans that were sent to the collector, and those that were lost, by why: the queue was full, or the collector did not take them. Lost spans slow nothing.',
    unit: 'suffix:/s',
    width: 12,
    queries: [
      {
        expr: sum(rate(ofNodes('otel_sdk_processor_span_processed_total')), 'error_type'),
        legend: 'processed {{error_type}}',
      },
    ],
  }),
];

/** What one node does, in detail: for whoever has found in the overview which one it is. */
export const NODE_DETAIL: DashboardSource = {
  uid: 'lockstep-node',
  title: 'Lockstep: node detail',
  description: 'What the chosen nodes do: events and heartbeats, loads, the tier, requests, and the process itself.',
  byNamespace: false,
  rows: {
    'Events and heartbeats': events,
    Loads: loads,
    Tier: tier,
    Requests: requests,
    Process: process,
  },
};
