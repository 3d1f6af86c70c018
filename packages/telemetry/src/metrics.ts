import type { Attributes, BatchObservableResult, Histogram, Meter, Observable } from '@opentelemetry/api';
import { createNoopMeter, metrics } from '@opentelemetry/api';
import { SCOPE } from './names.ts';

/** One metric as OpenTelemetry knows it. */
export interface MetricDescription {
  readonly name: string;
  readonly kind: 'counter' | 'gauge' | 'histogram';
  /** As UCUM writes it. */
  readonly unit: string;
  readonly description: string;
  /** The attributes that tell its series apart: never a key, a node's id, or anything else that has no bound. */
  readonly attributes: readonly string[];
}

/** A metric that is read whenever the SDK collects. */
export type ObservedMetric =
  | 'lookups'
  | 'coalesced'
  | 'leaseWaits'
  | 'nearEntries'
  | 'nearSize'
  | 'nearEvictions'
  | 'staleness'
  | 'stalenessBound'
  | 'coherenceState'
  | 'coherenceViolations'
  | 'coherenceAudited'
  | 'entriesRejected'
  | 'busFrames'
  | 'busConnected'
  | 'eventsApplied'
  | 'eventsReplayed'
  | 'gaps'
  | 'replays'
  | 'resets'
  | 'clearsQueued'
  | 'breakerOpen';

/** One that is recorded as it happens. */
export type RecordedMetric = 'lookup' | 'load' | 'heartbeat' | 'clear' | 'fence' | 'tierCall';

/** Where a histogram of seconds draws its lines: from a near hit's microsecond to a fence's ten seconds. */
export const SECONDS_BOUNDARIES: readonly number[] = [
  0.000001, 0.00001, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10,
];

/** What is read whenever the SDK collects. */
export const OBSERVED: Readonly<Record<ObservedMetric, MetricDescription>> = {
  lookups: metric('counter lockstep.lookups {lookup}', 'Lookups, by how they ended', [
    'lockstep.namespace',
    'lockstep.outcome',
  ]),
  coalesced: metric('counter lockstep.lookups.coalesced {lookup}', 'Lookups that joined another one under way', [
    'lockstep.namespace',
  ]),
  leaseWaits: metric('counter lockstep.lease.waits {wait}', "Times that a lookup waited for another node's load", [
    'lockstep.namespace',
  ]),
  nearEntries: metric('gauge lockstep.near.entries {entry}', 'Entries in the near-cache', ['lockstep.namespace']),
  nearSize: metric('gauge lockstep.near.size By', 'Encoded size of the values in the near-cache', [
    'lockstep.namespace',
  ]),
  nearEvictions: metric('counter lockstep.near.evictions {entry}', 'Entries that left the near-cache, by why', [
    'lockstep.namespace',
    'lockstep.reason',
  ]),
  staleness: metric(
    'gauge lockstep.staleness s',
    'How old the oldest proof is that nothing was missed, over partitions',
    [],
  ),
  stalenessBound: metric('gauge lockstep.staleness.bound s', 'How old it may be: maxStaleness', []),
  coherenceState: metric('gauge lockstep.coherence.state {state}', '1 for the state that holds, 0 for the others', [
    'lockstep.state',
  ]),
  coherenceViolations: metric(
    'counter lockstep.coherence.violations {entry}',
    'Near entries that were served longer than the staleness bound allows',
    [],
  ),
  coherenceAudited: metric(
    'counter lockstep.coherence.audited {entry}',
    'Near entries that were compared with the tier',
    [],
  ),
  entriesRejected: metric(
    'counter lockstep.entries.rejected {entry}',
    'Entries of the tier that could not be read',
    [],
  ),
  busFrames: metric('counter lockstep.bus.frames {frame}', 'Frames on the bus; dropped: neither parsed nor verified', [
    'lockstep.direction',
  ]),
  busConnected: metric('gauge lockstep.bus.connected {connection}', '1 while the bus can be reached', []),
  eventsApplied: metric('counter lockstep.events.applied {event}', 'Events that took effect on this node', []),
  eventsReplayed: metric(
    'counter lockstep.events.replayed {event}',
    "Those of them that were read from the tier's log",
    [],
  ),
  gaps: metric('counter lockstep.gaps {gap}', 'Times that events were missing for longer than the reorder window', []),
  replays: metric('counter lockstep.replays {replay}', "Times that missing events were read from the tier's log", []),
  resets: metric('counter lockstep.resets {reset}', 'Times that a partition was started over', []),
  clearsQueued: metric('gauge lockstep.clears.queued {clear}', 'Clears that wait for the tier', []),
  breakerOpen: metric('gauge lockstep.breaker.open {breaker}', '1 while lookups do without the tier', []),
};

/** What is recorded as it happens. */
export const RECORDED: Readonly<Record<RecordedMetric, MetricDescription>> = {
  lookup: metric(
    'histogram lockstep.lookup.duration s',
    'How long lookups take, by what answered; one near hit in 1,024 is timed',
    ['lockstep.namespace', 'lockstep.source'],
  ),
  load: metric('histogram lockstep.load.duration s', 'How long loaders take', [
    'lockstep.namespace',
    'lockstep.result',
  ]),
  heartbeat: metric('histogram lockstep.heartbeat.duration s', 'How long heartbeats take', ['lockstep.result']),
  clear: metric(
    'histogram lockstep.clear.duration s',
    'How long clears and expires take, for those who wait for them',
    ['lockstep.verb', 'lockstep.scope', 'lockstep.wait', 'lockstep.result'],
  ),
  fence: metric('histogram lockstep.fence.duration s', 'How long fences take, by how they held', ['lockstep.by']),
  tierCall: metric('histogram db.client.operation.duration s', 'How long calls to the tier take', [
    'db.system.name',
    'db.operation.name',
    'error.type',
  ]),
};

/** Says what a metric is now. */
export type Observe = (metric: ObservedMetric, value: number, attributes?: Attributes) => void;

/** The histograms of a node. */
export type Durations = Readonly<Record<RecordedMetric, Histogram>>;

/** Whether an SDK that collects metrics has been registered. */
export function isMetering(): boolean {
  return metrics.getMeter(SCOPE) !== createNoopMeter();
}

/** Makes the histograms; without an SDK they record nothing. */
export function createDurations(): Durations {
  const meter = metrics.getMeter(SCOPE);
  const advice = { explicitBucketBoundaries: [...SECONDS_BOUNDARIES] };
  const made = Object.entries(RECORDED).map(([key, { name, unit, description }]) => {
    return [key, meter.createHistogram(name, { unit, description, advice })] as const;
  });
  return Object.fromEntries(made) as Durations;
}

/**
 * Has `read` tell what all observed metrics are whenever the SDK collects; answers how to end that. One node in a
 * process: two would tell the same series apart things.
 */
export function observeMetrics(read: (observe: Observe) => void): () => void {
  const meter = metrics.getMeter(SCOPE);
  const instruments = new Map(Object.entries(OBSERVED).map(([key, metric]) => [key, created(meter, metric)]));
  const all = [...instruments.values()];
  const callback = (result: BatchObservableResult): void => {
    read((metric, value, attributes) => result.observe(instruments.get(metric) as Observable, value, attributes));
  };
  meter.addBatchObservableCallback(callback, all);
  return () => meter.removeBatchObservableCallback(callback, all);
}

function created(meter: Meter, { name, kind, unit, description }: MetricDescription): Observable {
  if (kind === 'counter') return meter.createObservableCounter(name, { unit, description });
  return meter.createObservableGauge(name, { unit, description });
}

/** `what` is the metric's kind, its name and its unit. */
function metric(what: string, description: string, attributes: readonly string[]): MetricDescription {
  const [kind, name, unit] = what.split(' ') as [MetricDescription['kind'], string, string];
  return { name, kind, unit, description, attributes };
}
