import { isOfScope } from '../history.ts';
import type { Evidence, Read, Violation } from './evidence.ts';
import { isOlder } from './evidence.ts';

/**
 * P4: the tier, asked after a key was cleared, expired or set, has nothing older for it, with no Δ of grace: it is
 * linearizable, and stores no load that the event has overtaken.
 *
 * A scope clear deletes nothing there: whether an entry outlived it each node judges by the epochs it knows, within P1's
 * Δ. Exempt is a flight that began before the event ended, and one that may have asked an isolated old primary.
 */
export function* staleFills(evidence: Evidence): Generator<Violation> {
  for (const read of evidence.reads) {
    if (read.answer.source !== 'tier' || read.answer.stale) continue;
    const origin = evidence.originOf(read);
    if (origin === undefined) continue;
    for (const invalidation of evidence.invalidated(origin.key, origin.startMs, read.startMs)) {
      if (isOfScope(invalidation.kind) || invalidation.answer?.kind !== 'committed') continue;
      if (!isOlder(origin, invalidation) || invalidation.endMs >= read.startMs) continue;
      const beganMs = evidence.flightBegan(read);
      if (invalidation.endMs >= beganMs || mayBeDeceived(evidence, read, beganMs)) continue;
      const sinceMs = (beganMs - invalidation.endMs).toFixed(1);
      const text = `P4: the tier, asked ${sinceMs} ms after a ${invalidation.kind}, answered what is older than it`;
      yield { promise: 'P4', text, calls: [invalidation, read] };
    }
  }
}

/** Whether a flight may have asked a primary that a failover has replaced. */
export function mayBeDeceived({ history }: Evidence, read: Read, beganMs: number): boolean {
  return history.faults.some(({ server, lostFromMs, untilMs }) => {
    return (
      server !== 'control' && lostFromMs !== undefined && beganMs <= (untilMs as number) && read.endMs >= lostFromMs
    );
  });
}
