import type { Observe } from '@lockstep/telemetry';
import { ATTRIBUTES, observeMetrics } from '@lockstep/telemetry';
import type { Engine, Space } from './engine.ts';
import { OUTCOMES } from './lookup-watch.ts';

const STATES = ['coherent', 'degraded', 'isolated'] as const;

/** Lets OpenTelemetry read what a node has counted, whenever it collects, until the node closes. */
export function offerReadings(engine: Engine, spaces: () => Iterable<Space>): void {
  if (!engine.node.metering) return;
  const end = observeMetrics((observe) => {
    for (const space of spaces()) readNamespace(space, observe);
    readNode(engine, observe);
  });
  engine.closing.addEventListener('abort', end);
}

function readNamespace({ name, counters, region }: Space, observe: Observe): void {
  const ofThis = { [ATTRIBUTES.namespace]: name };
  for (const [outcome, counter] of Object.entries(OUTCOMES)) {
    observe('lookups', counters[counter], { ...ofThis, [ATTRIBUTES.outcome]: outcome });
  }
  observe('coalesced', counters.coalesced, ofThis);
  observe('leaseWaits', counters.leaseWaits, ofThis);
  observe('nearEntries', region.entries, ofThis);
  observe('nearSize', region.bytes, ofThis);
  observe('nearEvictions', region.evictions, { ...ofThis, [ATTRIBUTES.reason]: 'capacity' });
  observe('nearEvictions', region.removals, { ...ofThis, [ATTRIBUTES.reason]: 'cleared' });
}

function readNode({ node, coherence, breaker, queuedClears }: Engine, observe: Observe): void {
  const { counters, shared, deltaMs, bus } = node;
  if (!shared) return;
  const { state, stalenessMs } = coherence.now;
  // Before the node has joined it has no proof, however old.
  if (Number.isFinite(stalenessMs)) observe('staleness', stalenessMs / 1000);
  observe('stalenessBound', deltaMs / 1000);
  for (const of of STATES) observe('coherenceState', of === state ? 1 : 0, { [ATTRIBUTES.state]: of });
  observe('coherenceViolations', counters.coherenceViolations);
  observe('coherenceAudited', counters.audited);
  observe('entriesRejected', counters.entriesRejected);
  observe('busFrames', counters.framesSent, { [ATTRIBUTES.direction]: 'sent' });
  observe('busFrames', counters.framesReceived, { [ATTRIBUTES.direction]: 'received' });
  observe('busFrames', counters.framesRejected, { [ATTRIBUTES.direction]: 'dropped' });
  observe('busConnected', bus.connected ? 1 : 0);
  observe('eventsApplied', counters.eventsApplied);
  observe('eventsReplayed', counters.eventsReplayed);
  observe('gaps', counters.gaps);
  observe('replays', counters.replays);
  observe('resets', counters.resets);
  observe('clearsQueued', queuedClears.size);
  observe('breakerOpen', breaker.closed ? 0 : 1);
}
