import { isExpire } from '../history.ts';
import type { Evidence, Invalidation, Read, Violation } from './evidence.ts';
import { isOlder } from './evidence.ts';

/**
 * P1: no unmarked answer is older than a write or clear that was committed more than Δ before the call began.
 * P2: on the writer's own node, none at all that is older than what was committed, or queued, before the call began.
 * P3: no unmarked one, on any node, that is older than a fenced clear that had returned before the call began.
 */
export function* staleness(evidence: Evidence): Generator<Violation> {
  for (const read of evidence.reads) {
    const origin = evidence.originOf(read);
    if (origin === undefined) continue;
    for (const invalidation of evidence.invalidated(origin.key, origin.startMs, read.startMs)) {
      if (!isOlder(origin, invalidation)) continue;
      if (read.answer.stale && isExpire(invalidation.kind)) continue;
      const promise = brokenBy(read, invalidation, evidence.boundMs);
      if (promise === undefined) continue;
      const sinceMs = (read.startMs - invalidation.endMs).toFixed(1);
      const text = `${promise}: an answer ${sinceMs} ms after a ${invalidation.kind} is older than it`;
      yield { promise, text, calls: [invalidation, read] };
    }
  }
}

/** The promise that an answer older than the invalidation breaks, if any. */
function brokenBy(read: Read, invalidation: Invalidation, boundMs: number): 'P1' | 'P2' | 'P3' | undefined {
  const sinceMs = read.startMs - invalidation.endMs;
  if (sinceMs <= 0) return undefined;
  if (read.node === invalidation.node) return 'P2';
  if (read.answer.degraded || invalidation.answer?.kind === 'queued') return undefined;
  if (invalidation.kind.startsWith('fenced')) return 'P3';
  return sinceMs > boundMs ? 'P1' : undefined;
}
