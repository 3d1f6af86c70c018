import type { Answer, Call, History, Origin } from './history.ts';

/** A promise that a history does not keep. */
export interface Violation {
  readonly promise: 'P1' | 'P2' | 'P3' | 'P8' | 'converges' | 'ends';
  readonly text: string;
  readonly calls: readonly Call[];
}

/** What the checkers know besides the history. */
export interface CheckOptions {
  readonly deltaMs: number;
  /** Node clocks run within this fraction of true rate. */
  readonly clockRateError: number;
}

type Read = Call & { readonly answer: Extract<Answer, { kind: 'value' }> };

/** Tests the promises on a history; the answers alone are looked at, nothing of the nodes or the tier. */
export function check(history: History, options: CheckOptions): readonly Violation[] {
  return [...staleAnswers(history, options), ...pretended(history, options), ...unended(history)];
}

/**
 * P1: no unmarked answer is older than a write or clear that was committed more than Δ before the call began.
 * P2: on the writer's own node, none at all that is older than what was committed, or queued, before the call began.
 * P3: no unmarked one, on any node, that is older than a fenced clear that had returned before the call began.
 */
function* staleAnswers(history: History, options: CheckOptions): Generator<Violation> {
  const boundMs = options.deltaMs * (1 + 1.1 * options.clockRateError);
  const invalidations = invalidationsByKey(history);
  for (const read of history.calls.filter(isRead)) {
    const origin = history.origins.get(read.answer.value);
    if (origin === undefined) continue;
    for (const invalidation of startedBetween(invalidations.get(origin.key), origin.startMs, read.startMs)) {
      if (!isOlder(origin, invalidation)) continue;
      if (read.answer.stale && invalidation.kind === 'expire') continue;
      const promise = brokenBy(read, invalidation, boundMs);
      if (promise === undefined) continue;
      const sinceMs = (read.startMs - (invalidation.endMs as number)).toFixed(1);
      const text = `${promise}: an answer ${sinceMs} ms after a ${invalidation.kind} is older than it`;
      yield { promise, text, calls: [invalidation, read] };
    }
  }
}

/** The promise that an answer older than the invalidation breaks, if any. */
function brokenBy(read: Read, invalidation: Call, boundMs: number): 'P1' | 'P2' | 'P3' | undefined {
  const sinceMs = read.startMs - (invalidation.endMs as number);
  if (sinceMs <= 0) return undefined;
  if (read.node === invalidation.node) return 'P2';
  if (read.answer.degraded || invalidation.answer?.kind === 'queued') return undefined;
  if (invalidation.kind.startsWith('fenced')) return 'P3';
  return sinceMs > boundMs ? 'P1' : undefined;
}

/** P8: a node that has been cut off from the tier for longer than Δ marks every value that it answers. */
function* pretended(history: History, options: CheckOptions): Generator<Violation> {
  const boundMs = options.deltaMs * (1 + 1.1 * options.clockRateError);
  const cuts = history.faults.filter(({ cutOff }) => cutOff !== undefined);
  for (const { atMs, cutOff } of cuts) {
    // Another cut of the same way that ends meanwhile ends this one too.
    const ends = cuts
      .filter((cut) => cut.cutOff === cutOff && (cut.untilMs ?? 0) > atMs)
      .map((cut) => cut.untilMs ?? 0);
    const untilMs = Math.min(...ends, history.calmFromMs);
    for (const read of history.calls.filter(isRead)) {
      if (read.node !== cutOff || read.answer.degraded) continue;
      if (read.startMs <= atMs + boundMs || (read.endMs as number) >= untilMs) continue;
      const text = `P8: an unmarked answer ${(read.startMs - atMs).toFixed(1)} ms after its node was cut off`;
      yield { promise: 'P8', text, calls: [read] };
    }
  }
}

/** Every call is answered, whatever happens, unless its node has crashed. */
function* unended(history: History): Generator<Violation> {
  const crashed = new Set(history.faults.map((fault) => fault.crashed));
  for (const call of history.calls) {
    if (call.endMs === undefined && !crashed.has(call.node))
      yield { promise: 'ends', text: 'a call was never answered', calls: [call] };
  }
}

/** Whether a value was certainly made before an invalidation: then nobody may see it after that. */
function isOlder(origin: Origin, invalidation: Call): boolean {
  if (origin.by === 'load') return origin.startMs < invalidation.startMs;
  const { call } = origin;
  if (call === undefined || call === invalidation || call.answer?.kind !== 'committed') return false;
  return (call.endMs as number) < invalidation.startMs;
}

/** Whether a failover may have taken the commit away: losing the invalidation itself is exempt, unless it was replicated. */
function mayBeLost(history: History, call: Call): boolean {
  if (call.answer?.kind === 'committed' && call.answer.replicated === true) return false;
  return history.faults.some(({ lostFromMs, untilMs }) => {
    return lostFromMs !== undefined && (call.endMs as number) >= lostFromMs && call.startMs <= (untilMs as number);
  });
}

/** What ends the life of each key's values, in the order in which it began. */
function invalidationsByKey(history: History): ReadonlyMap<string, readonly Call[]> {
  const byKey = new Map<string, Call[]>();
  for (const call of history.calls) {
    if (!isInEffect(call) || mayBeLost(history, call)) continue;
    for (const key of call.keys) {
      const calls = byKey.get(key);
      if (calls === undefined) byKey.set(key, [call]);
      else calls.push(call);
    }
  }
  for (const calls of byKey.values()) calls.sort((one, other) => one.startMs - other.startMs);
  return byKey;
}

/** Those of the calls, ordered by their beginning, that began after one instant and before another. */
function* startedBetween(calls: readonly Call[] = [], afterMs: number, beforeMs: number): Generator<Call> {
  let first = 0;
  for (let end = calls.length; first < end; ) {
    const middle = (first + end) >> 1;
    if ((calls[middle] as Call).startMs <= afterMs) first = middle + 1;
    else end = middle;
  }
  for (let at = first; at < calls.length && (calls[at] as Call).startMs < beforeMs; at++) yield calls[at] as Call;
}

function isInEffect({ answer }: Call): boolean {
  return answer?.kind === 'committed' || answer?.kind === 'queued';
}

function isRead(call: Call): call is Read {
  return call.answer?.kind === 'value';
}
