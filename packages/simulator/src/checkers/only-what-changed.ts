import type { Call, Origin } from '../history.ts';
import { isOfScope } from '../history.ts';
import type { Evidence, Read, Violation } from './evidence.ts';
import { hasWaited } from './evidence.ts';

/** How long a message, a fill, and what a node makes of them, may take while nothing is wrong. */
const HOP_MS_MAX = 50;
/** Within this part of Δ a node finds out from the log what the bus has lost: it looks every Δ/4, jittered. */
const CATCH_UP = 0.35;
/** So much of an entry's life is its own, whatever the clocks of node and tier make of it. */
const LIFE = 0.95;

/** Something that may have happened to a key: begun, ended, and until when it may take effect on some node. */
interface Happening {
  readonly what: Call | Origin;
  readonly fromMs: number;
  readonly endMs: number;
  /** For the first time. */
  readonly foundUntilMs: number;
  /** Once more, because the bus brings it late or again. */
  readonly heardUntilMs: number;
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
  const { policy } = evidence.options;
  if (policy === undefined) return;
  const lifeMs = policy.ttlMs * LIFE;
  for (const [key, calls] of evidence.calls) {
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
        happenings ??= happeningsOf(evidence, key);
        if (happenings.some((happening) => mattered(happening, { origin, near, call }))) continue;
        const text = `P6: ${key}, near a moment ago, was not near any more though nothing had happened to it`;
        yield { promise: 'P6', text, calls: [near, call] };
      }
    }
  }
}

/**
 * Whether something may have ended an entry that was still answered from near. A node that keeps what was made after an
 * event has applied that event, and only a message can bring it again; a scope clear it may not know yet, no more than
 * the node that made the value.
 */
function mattered(
  happening: Happening,
  { origin, near, call }: { readonly origin: Origin; readonly near: Read; readonly call: Call },
): boolean {
  const { what, fromMs, endMs, foundUntilMs, heardUntilMs, isScope } = happening;
  const madeIt = what === origin || what === origin.call;
  if (fromMs >= call.startMs) return false;
  if (isScope) return Math.max(foundUntilMs, heardUntilMs) >= origin.startMs;
  if (madeIt || endMs < origin.startMs) return heardUntilMs >= near.startMs;
  return Math.max(foundUntilMs, heardUntilMs) >= near.startMs;
}

function happeningsOf(evidence: Evidence, key: string): readonly Happening[] {
  const leaseMs = evidence.options.policy?.leaseMs ?? 0;
  const events = (evidence.calls.get(key) ?? []).filter(({ kind }) => kind !== 'get' && kind !== 'load');
  const loads = evidence.loads.get(key) ?? [];
  return [
    ...events.map((call) => {
      const span = { fromMs: call.startMs, endMs: call.endMs ?? Number.POSITIVE_INFINITY };
      return { what: call, ...span, ...spreadOf(evidence, span), isScope: isOfScope(call.kind) };
    }),
    ...loads.map((load) => {
      const { startMs, endMs = startMs + leaseMs } = load;
      const span = { fromMs: startMs, endMs: endMs + HOP_MS_MAX };
      return { what: load, ...span, ...spreadOf(evidence, span), isScope: false };
    }),
  ];
}

/** Until when what was committed in a span may be found out by some node, and heard by it. */
function spreadOf(
  { history, options }: Evidence,
  { fromMs, endMs }: Pick<Happening, 'fromMs' | 'endMs'>,
): Pick<Happening, 'foundUntilMs' | 'heardUntilMs'> {
  const catchUpMs = options.deltaMs * CATCH_UP;
  let foundMs = HOP_MS_MAX;
  let heardMs = HOP_MS_MAX;
  for (const { busAlone, busLateMs = 0, atMs, untilMs = atMs } of history.faults) {
    if (!busAlone || atMs > endMs + HOP_MS_MAX || untilMs + catchUpMs < fromMs) continue;
    foundMs = Math.max(foundMs, catchUpMs);
    if (untilMs + HOP_MS_MAX >= fromMs) heardMs = Math.max(heardMs, busLateMs + HOP_MS_MAX);
  }
  return { foundUntilMs: endMs + foundMs, heardUntilMs: endMs + heardMs };
}

function isFromNear(call: Call): call is Read {
  const { answer } = call;
  return answer?.kind === 'value' && answer.source === 'near' && !answer.stale && !answer.degraded;
}
