import type { Call, Origin } from '../history.ts';
import type { Evidence, Violation } from './evidence.ts';
import { byKey, hasWaited, isScopeClear } from './evidence.ts';

/** The longest from the tier's grant of a lease to the beginning of the load: an answer, and perhaps a heartbeat. */
const GRANT_MS_MAX = 250;

/**
 * P5: while one load of a key is under way, no other begins, on any node.
 *
 * Unless its lease has run out, or an event on the key has ended it; unless one of the two has waited for too long, and
 * loads without a lease; or something but the bus was disturbed, so that a caller may have had to do without the tier.
 */
export function* oneLoad(evidence: Evidence): Generator<Violation> {
  const { history, options } = evidence;
  if (options.policy === undefined) return;
  const leaseMs = options.policy.leaseMs * (1 - 2.1 * options.clockRateError);
  const calls = byKey(history.calls);
  for (const [key, loads] of loadsByKey(history.origins.values())) {
    for (const [index, later] of loads.entries()) {
      for (let before = index - 1; before >= 0; before--) {
        const load = loads[before] as Origin;
        const leasedMs = load.startMs - GRANT_MS_MAX;
        if (later.startMs >= leasedMs + leaseMs) break;
        if (load.endMs !== undefined && load.endMs <= later.startMs) continue;
        if (!evidence.isUndisturbed(leasedMs, later.startMs)) continue;
        const ofKey = calls.get(key) ?? [];
        if (ofKey.some((call) => isEventBetween(call, leasedMs, later.startMs))) continue;
        const { leaseWaitMs } = evidence;
        if ([load, later].some((one) => ofKey.some((call) => hasWaited(call, one, leaseWaitMs)))) continue;
        const afterMs = (later.startMs - load.startMs).toFixed(1);
        const text = `P5: ${later.value} was loaded ${afterMs} ms after the load of ${load.value} had begun, which went on`;
        const asked = ofKey.filter(({ startMs, endMs, kind }) => {
          return kind === 'load' && startMs <= later.startMs && (endMs ?? later.startMs) >= load.startMs;
        });
        yield { promise: 'P5', text, calls: asked };
      }
    }
  }
}

function loadsByKey(origins: Iterable<Origin>): ReadonlyMap<string, readonly Origin[]> {
  const all = new Map<string, Origin[]>();
  for (const origin of origins) {
    if (origin.by !== 'load') continue;
    const known = all.get(origin.key);
    if (known === undefined) all.set(origin.key, [origin]);
    else known.push(origin);
  }
  for (const loads of all.values()) loads.sort((one, other) => one.startMs - other.startMs);
  return all;
}

/** Whether a call may have ended the lease of its key meanwhile. A scope clear ends none. */
function isEventBetween(call: Call, fromMs: number, toMs: number): boolean {
  if (call.kind === 'get' || call.kind === 'load' || isScopeClear(call)) return false;
  return call.startMs <= toMs && (call.endMs ?? toMs) >= fromMs;
}
