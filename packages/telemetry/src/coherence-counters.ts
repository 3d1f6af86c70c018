import type { ObservableCounter, ObservableResult } from '@opentelemetry/api';
import { metrics } from '@opentelemetry/api';

/** Counter: near entries that were served though bounded staleness (P1) forbids it. Anything but 0 is a defect. */
export const COHERENCE_VIOLATIONS = 'lockstep.coherence.violations';

/** Counter: near entries that were compared with the tier. While it stands still, 0 violations say nothing. */
export const COHERENCE_AUDITED = 'lockstep.coherence.audited';

const METER = 'lockstep';

/** What the auditor of a node has counted since the node's start. */
export interface CoherenceCounts {
  readonly coherenceViolations: number;
  readonly audited: number;
}

/**
 * Registers both counters with OpenTelemetry's global meter, which calls `read` whenever it collects; answers how to
 * end that. Where no SDK has been registered before this call, nothing is ever collected, and nothing costs anything.
 */
export function observeCoherence(read: () => CoherenceCounts): () => void {
  const meter = metrics.getMeter(METER);
  const observe = (counter: ObservableCounter, field: keyof CoherenceCounts): (() => void) => {
    const callback = (result: ObservableResult): void => result.observe(read()[field]);
    counter.addCallback(callback);
    return () => counter.removeCallback(callback);
  };
  const endings = [
    observe(
      meter.createObservableCounter(COHERENCE_VIOLATIONS, {
        description: 'Near entries that were served longer than the staleness bound allows',
        unit: '{entry}',
      }),
      'coherenceViolations',
    ),
    observe(
      meter.createObservableCounter(COHERENCE_AUDITED, {
        description: 'Near entries that were compared with the tier',
        unit: '{entry}',
      }),
      'audited',
    ),
  ];
  return () => {
    for (const end of endings) end();
  };
}
