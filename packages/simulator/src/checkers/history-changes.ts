import type { Fault, Origin } from '../history.ts';
import { isOfScope } from '../history.ts';
import type { Evidence, Invalidation, Read, Violation } from './evidence.ts';
import { isOlder, isRead, lossesOf } from './evidence.ts';
import { mayBeDeceived } from './stale-fills.ts';

/** P7: what a lost history vouched for is answered by no unmarked answer that begins more than Δ later. */
export function* historyChanges(evidence: Evidence): Generator<Violation> {
  yield* flushes(evidence);
  yield* lostCommits(evidence);
}

/**
 * After a flush no value comes back that was made before it: its entry is gone, or was born in a control history that
 * is; and a load that was under way has lost its lease, or was born there too. A failover may lose the flush itself.
 */
function* flushes(evidence: Evidence): Generator<Violation> {
  for (const flush of evidence.history.faults) {
    if (!flush.flushed || mayBeUndone(evidence, flush)) continue;
    const { atMs, untilMs = atMs } = flush;
    for (const read of evidence.reads) {
      if (read.startMs <= untilMs + evidence.boundMs || !isUnmarked(read)) continue;
      const origin = evidence.originOf(read);
      if (origin === undefined || !wasMadeBefore(origin, atMs)) continue;
      const text = `P7: an answer ${(read.startMs - untilMs).toFixed(1)} ms after a flush is older than it`;
      yield { promise: 'P7', text, calls: [...(origin.call ? [origin.call] : []), read] };
    }
  }
}

/** Whether a failover may have brought back what was flushed. */
function mayBeUndone({ history }: Evidence, { server, atMs, untilMs = atMs }: Fault): boolean {
  return history.faults.some((fault) => {
    if (fault.lostFromMs === undefined || (fault.server ?? server) !== server) return false;
    return untilMs >= fault.lostFromMs && atMs <= (fault.untilMs as number);
  });
}

/**
 * When the tier shows, after a failover, what is older than an invalidation that was committed before, then this commit
 * was lost, and with it all that was made of the key after it and answered before the failover.
 */
function* lostCommits(evidence: Evidence): Generator<Violation> {
  const { history } = evidence;
  if (!history.faults.some(({ lostFromMs }) => lostFromMs !== undefined)) return;
  for (const call of history.calls) {
    if (call.answer?.kind !== 'committed' || isOfScope(call.kind)) continue;
    const lost = call as Invalidation;
    const losses = lossesOf(history, lost);
    if (losses.length === 0) continue;
    const reads = (evidence.calls.get(lost.target) ?? []).filter(isRead);
    if (isShownToBeLost(evidence, { lost, losses, reads })) yield* answersOfLost(evidence, { lost, losses, reads });
  }
}

/** What a commit was, the failovers that may have lost it, and the reads of its key. */
interface Loss {
  readonly lost: Invalidation;
  readonly losses: readonly Fault[];
  readonly reads: readonly Read[];
}

/** Whether the new primary, asked after the failover was over, had something older than the commit. */
function isShownToBeLost(evidence: Evidence, { lost, losses, reads }: Loss): boolean {
  const overMs = Math.max(...losses.map(({ untilMs }) => untilMs as number));
  return reads.some((read) => {
    if (read.answer.source !== 'tier' || read.answer.stale || read.startMs <= overMs) return false;
    const origin = evidence.originOf(read);
    if (origin === undefined || !isOlder(origin, lost)) return false;
    const beganMs = evidence.flightBegan(read);
    return beganMs > overMs && !mayBeDeceived(evidence, read, beganMs);
  });
}

/** The answers of the commit's own value, or of what was made after it and had been answered before the failover. */
function* answersOfLost(evidence: Evidence, { lost, losses, reads }: Loss): Generator<Violation> {
  const firstMs = Math.min(...losses.map(({ atMs }) => atMs));
  const lastMs = Math.max(...losses.map(({ atMs }) => atMs));
  const gone = new Set<string>();
  for (const read of reads) {
    const origin = evidence.originOf(read);
    if (origin === undefined) continue;
    const wasMadeAfter = origin.startMs > lost.endMs && read.endMs < firstMs;
    if (origin.call === lost || wasMadeAfter) gone.add(origin.value);
    if (!gone.has(origin.value) || !isUnmarked(read) || read.startMs <= lastMs + evidence.boundMs) continue;
    const text = `P7: an answer ${(read.startMs - lastMs).toFixed(1)} ms after a failover is of what it lost`;
    yield { promise: 'P7', text, calls: [lost, read] };
  }
}

/** Whether a value was made before an instant: a load that had begun, or a write that was committed. */
function wasMadeBefore({ by, startMs, call }: Origin, atMs: number): boolean {
  if (by === 'load') return startMs < atMs;
  return call?.answer?.kind === 'committed' && (call.endMs as number) < atMs;
}

function isUnmarked({ answer }: Read): boolean {
  return !answer.stale && !answer.degraded;
}
