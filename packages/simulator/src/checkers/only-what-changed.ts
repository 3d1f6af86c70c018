import type { Call, Origin } from '../history.ts';
import type { Evidence, Read, Violation } from './evidence.ts';
import { byKey, hasWaited, isScopeClear } from './evidence.ts';

/** How long a message, a fill, and what a node makes of them, may take while nothing is wrong. */
const HOP_MS_MAX = 50;
/** Within this part of Δ a node finds out from the log what the bus has lost: it looks every Δ/4, jittered. */
const CATCH_UP = 0.35;
/** So much of an entry's life is its own, whatever the clocks of node and tier make of it. */
const LIFE = 0.95;

/** A span in which something may happen to a key, on one node after the other. */
interface Happening {
  readonly fromMs: number;
  readonly untilMs: number;
  readonly isScope: boolean;
}

/**
 * P6: what a node has near, it has near until something happens to that very key: whatever the bus loses, repeats or
 * delays, and however many other keys change meanwhile.
 *
 * Something is a write or clear of the key, an expire, a clear of a scope it is in, or a load, whose fill may be an
 * event; it may take effect once more when the bus repeats it or the log is replayed. Nothing is asked of a node while
 * more than the bus is disturbed.
 */
export function* onlyWhatChanged(evidence: Evidence): Generator<Violation> {
  const { history, options } = evidence;
  if (options.policy === undefined) return;
  const lifeMs = options.policy.ttlMs * LIFE;
  const loads = [...history.origins.values()].filter(({ by }) => by === 'load');
  for (const [key, calls] of byKey(history.calls)) {
    const lastNear = new Map<number, Read>();
    let happenings: readonly Happening[] | undefined;
    for (const call of calls) {
      if (call.kind !== 'get' && call.kind !== 'load') continue;
      const near = lastNear.get(call.node);
      if (isFromNear(call)) lastNear.set(call.node, call);
      else if (near !== undefined && call.endMs !== undefined && near.endMs < call.startMs) {
        const origin = evidence.originOf(near);
        if (origin === undefined || call.startMs > origin.startMs + lifeMs) continue;
        if (!evidence.isUndisturbed(origin.startMs, call.endMs)) continue;
        if (calls.some((other) => hasWaited(other, origin, evidence.leaseWaitMs))) continue;
        happenings ??= happeningsOf(evidence, calls, loads.filter((load) => load.key === key));
        if (happenings.some((happening) => mattered(happening, { origin, near, call }))) continue;
        const text = `P6: ${key}, near a moment ago, was not near any more though nothing had happened to it`;
        yield { promise: 'P6', text, calls: [near, call] };
      }
    }
  }
}

/** Whether something may have ended an entry that was still answered from near; a scope clear, since it was loaded. */
function mattered(
  { fromMs, untilMs, isScope }: Happening,
  { origin, near, call }: { readonly origin: Origin; readonly near: Read; readonly call: Call },
): boolean {
  return fromMs < call.startMs && untilMs >= (isScope ? origin.startMs : near.startMs);
}

function happeningsOf(evidence: Evidence, calls: readonly Call[], loads: readonly Origin[]): readonly Happening[] {
  const leaseMs = evidence.options.policy?.leaseMs ?? 0;
  const events = calls.filter(({ kind }) => kind !== 'get' && kind !== 'load');
  return [
    ...events.map((call) => {
      const endMs = call.endMs ?? Number.POSITIVE_INFINITY;
      return { fromMs: call.startMs, untilMs: spreadUntil(evidence, call.startMs, endMs), isScope: isScopeClear(call) };
    }),
    ...loads.map(({ startMs, endMs = startMs + leaseMs }) => {
      return { fromMs: startMs, untilMs: spreadUntil(evidence, startMs, endMs + HOP_MS_MAX), isScope: false };
    }),
  ];
}

/** Until when what was committed in a span may take effect on some node, for the last time. */
function spreadUntil({ history, options }: Evidence, fromMs: number, toMs: number): number {
  const catchUpMs = options.deltaMs * CATCH_UP;
  let spreadMs = 0;
  for (const { busAlone, busLateMs = 0, atMs, untilMs = atMs } of history.faults) {
    if (!busAlone || atMs > toMs + HOP_MS_MAX || untilMs + catchUpMs < fromMs) continue;
    spreadMs = Math.max(spreadMs, busLateMs + catchUpMs);
  }
  return toMs + HOP_MS_MAX + spreadMs;
}

function isFromNear(call: Call): call is Read {
  const { answer } = call;
  return answer?.kind === 'value' && answer.source === 'near' && !answer.stale && !answer.degraded;
}
