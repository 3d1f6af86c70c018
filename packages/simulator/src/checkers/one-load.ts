import type { Call, Origin } from '../history.ts';
import { isOfScope } from '../history.ts';
import type { Evidence, Violation } from './evidence.ts';
import { hasWaited } from './evidence.ts';

/** The longest from the tier's grant of a lease to the beginning of the load: an answer, and perhaps a heartbeat. */
const GRANT_MS_MAX = 250;

/**
 * P5: while one load of a key is under way, no other begins, on any node.
 *
 * Unless its lease has run out, or an event on the key has ended it; unless one of the two has waited for too long, and
 * loads without a lease; or something but the bus was disturbed, so that a caller may have had to do without the tier.
 */
export function* oneLoad(evidence: Evidence): Generator<Violation> {
  const { policy, clockRateError } = evidence.options;
  if (policy === undefined) return;
  const leaseMs = policy.leaseMs * (1 - 2.1 * clockRateError) - GRANT_MS_MAX;
  for (const [key, loads] of evidence.loads) {
    const calls = evidence.calls.get(key) ?? [];
    for (const [load, later] of overlapping(loads, leaseMs)) {
      if (isExplained(evidence, calls, [load, later])) continue;
      const afterMs = (later.startMs - load.startMs).toFixed(1);
      const text = `P5: the load of ${later.value} began ${afterMs} ms after that of ${load.value}, which had not ended`;
      const callers = calls.filter(({ startMs, endMs, kind }) => {
        return kind === 'load' && startMs <= later.startMs && (endMs ?? later.startMs) >= load.startMs;
      });
      yield { promise: 'P5', text, calls: callers };
    }
  }
}

/** Every two loads of which the later began while the other had not ended, and its lease had not run out. */
function* overlapping(loads: readonly Origin[], leaseMs: number): Generator<readonly [Origin, Origin]> {
  for (const [index, later] of loads.entries()) {
    for (let before = index - 1; before >= 0; before--) {
      const load = loads[before] as Origin;
      if (later.startMs >= load.startMs + leaseMs) break;
      if (load.endMs === undefined || load.endMs > later.startMs) yield [load, later];
    }
  }
}

function isExplained(evidence: Evidence, calls: readonly Call[], both: readonly [Origin, Origin]): boolean {
  const fromMs = both[0].startMs - GRANT_MS_MAX;
  const toMs = both[1].startMs;
  if (!evidence.isUndisturbed(fromMs, toMs)) return true;
  return calls.some((call) => {
    return mayEndLease(call, fromMs, toMs) || both.some((load) => hasWaited(call, load, evidence.leaseWaitMs));
  });
}

/** Whether a call may have ended the lease of its key between two instants. A scope clear ends none. */
function mayEndLease(call: Call, fromMs: number, toMs: number): boolean {
  if (call.kind === 'get' || call.kind === 'load' || isOfScope(call.kind)) return false;
  return call.startMs <= toMs && (call.endMs ?? toMs) >= fromMs;
}
