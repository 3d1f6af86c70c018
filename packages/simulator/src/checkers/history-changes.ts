import type { Fault, Origin } from '../history.ts';
import type { Evidence, Invalidation, Read, Violation } from './evidence.ts';
import { isOlder, isScopeClear, lossesOf } from './evidence.ts';
import { mayBeDeceived } from './stale-fills.ts';

/** P7: what a lost history vouched for is answered by no unmarked answer that begins more than Δ later. */
export function* historyChanges(evidence: Evidence): Generator<Violation> {
  yield* flushes(evidence);
  yield* lostCommits(evidence);
}

/**
 * After a flush no value comes back that was made before it: its entry is gone, or was born in a control history that
 * is; and a load that was under way has lost its lease, or was born there too.
 */
function* flushes(evidence: Evidence): Generator<Violation> {
  for (const flush of evidence.history.faults) {
    if (!flush.flushed) continue;
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

/**
 * When the tier shows, after a failover, what is older than an invalidation that was committed before, then this commit
 * was lost, and with it all that was made of the key after it and answered before the failover.
 */
function* lostCommits(evidence: Evidence): Generator<Violation> {
  const { history, reads } = evidence;
  if (!history.faults.some(({ lostFromMs }) => lostFromMs !== undefined)) return;
  for (const call of history.calls) {
    if (call.answer?.kind !== 'committed' || isScopeClear(call)) continue;
    const lost = call as Invalidation;
    const losses = lossesOf(history, lost);
    if (losses.length === 0) continue;
    const [key] = lost.keys;
    const ofKey = reads.filter((read) => read.keys[0] === key);
    const lastMs = Math.max(...losses.map(({ untilMs }) => untilMs as number));
    const shows = ofKey.some((read) => {
      if (read.answer.source !== 'tier' || read.answer.stale || read.startMs <= lastMs) return false;
      const origin = evidence.originOf(read);
      const beganMs = evidence.flightBegan(read);
      return origin !== undefined && isOlder(origin, lost) && beganMs > lastMs && !mayBeDeceived(evidence, read, beganMs);
    });
    if (!shows) continue;
    yield* answersOfLost(evidence, { lost, losses, reads: ofKey });
  }
}

function* answersOfLost(
  evidence: Evidence,
  given: { readonly lost: Invalidation; readonly losses: readonly Fault[]; readonly reads: readonly Read[] },
): Generator<Violation> {
  const { lost, losses, reads } = given;
  const firstMs = Math.min(...losses.map(({ atMs }) => atMs));
  const lastMs = Math.max(...losses.map(({ atMs }) => atMs));
  const gone = new Set<string>();
  for (const read of reads) {
    const origin = evidence.originOf(read);
    if (origin === undefined) continue;
    const isNewer = origin.call === lost || origin.startMs > lost.endMs;
    if (isNewer && read.endMs < firstMs) gone.add(origin.value);
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
