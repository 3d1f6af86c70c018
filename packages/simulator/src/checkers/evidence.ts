import type { Answer, Call, Fault, History, Origin } from '../history.ts';
import { isOfScope } from '../history.ts';

/**
 * How long after a fault of the tier or of a node its effects may go on: requests that run up to 3 s late, nodes that
 * catch up, clears that waited for the tier, and a bus that brings those 2 s late.
 */
const AFTERMATH_MS = 6_000;
/** Who has waited for so many lease times loads without a lease. */
const LEASES_WAITED_MAX = 2;

/** A promise that a history does not keep. */
export interface Violation {
  readonly promise: 'P1' | 'P2' | 'P3' | 'P4' | 'P5' | 'P6' | 'P7' | 'P8' | 'converges' | 'ends' | 'updates' | 'values';
  readonly text: string;
  readonly calls: readonly Call[];
}

/** What the checkers know besides the history. */
export interface CheckOptions {
  readonly deltaMs: number;
  /** Node clocks run within this fraction of true rate. */
  readonly clockRateError: number;
  /** The nodes' policy, in ms; undefined: P5 and P6, which cannot be judged without it, are not. */
  readonly policy?: { readonly ttlMs: number; readonly leaseMs: number };
}

/** A call that was answered with a value. */
export type Read = Call & { readonly endMs: number; readonly answer: Extract<Answer, { kind: 'value' }> };

/** A write that took effect, or waits to. */
export type Invalidation = Call & { readonly endMs: number };

/** A history, ordered for its checkers. */
export class Evidence {
  readonly history: History;
  readonly options: CheckOptions;
  /** Δ(1+1.1ε): the longest that a node may answer what it cannot check. */
  readonly boundMs: number;
  readonly reads: readonly Read[];
  /** The calls that concern each key, and the loads of it, in the order in which they began. */
  readonly calls: ReadonlyMap<string, readonly Call[]>;
  readonly loads: ReadonlyMap<string, readonly Origin[]>;
  /** What certainly ends the life of each key's values, in the order in which it began. */
  readonly invalidations: ReadonlyMap<string, readonly Invalidation[]>;

  constructor(history: History, options: CheckOptions) {
    this.history = history;
    this.options = options;
    this.boundMs = options.deltaMs * (1 + 1.1 * options.clockRateError);
    this.reads = history.calls.filter(isRead);
    const loads = [...history.origins.values()].filter(({ by }) => by === 'load');
    this.calls = byKey(history.calls, ({ keys }) => keys);
    this.loads = byKey(loads, ({ key }) => [key]);
    const invalidations = history.calls.filter(isInEffect).filter((call) => lossesOf(history, call).length === 0);
    this.invalidations = byKey(invalidations, ({ keys }) => keys);
  }

  /** After so long a lookup waits no longer for another's load. */
  get leaseWaitMs(): number {
    const { policy, clockRateError } = this.options;
    return (policy?.leaseMs ?? Number.POSITIVE_INFINITY) * LEASES_WAITED_MAX * (1 - 2.1 * clockRateError);
  }

  originOf(read: Read): Origin | undefined {
    return this.history.origins.get(read.answer.value);
  }

  /** The invalidations of a key that began after one instant and before another. */
  *invalidated(key: string, afterMs: number, beforeMs: number): Generator<Invalidation> {
    const calls = this.invalidations.get(key) ?? [];
    let first = 0;
    for (let end = calls.length; first < end; ) {
      const middle = (first + end) >> 1;
      if ((calls[middle] as Call).startMs <= afterMs) first = middle + 1;
      else end = middle;
    }
    for (let at = first; at < calls.length; at++) {
      const call = calls[at] as Invalidation;
      if (call.startMs >= beforeMs) return;
      yield call;
    }
  }

  /** When the flight that answered a read began at the earliest: the read may have joined any of its key on its node. */
  flightBegan(read: Read): number {
    const [key] = read.keys as [string];
    let beganMs = read.startMs;
    for (const call of this.calls.get(key) ?? []) {
      if (call.startMs >= beganMs) break;
      if (call.node !== read.node || call.kind !== read.kind) continue;
      if (call.endMs === undefined || call.endMs >= read.startMs) beganMs = call.startMs;
    }
    return beganMs;
  }

  /** Whether nothing but the bus was disturbed between two instants, nor so shortly before that it still mattered. */
  isUndisturbed(fromMs: number, toMs: number): boolean {
    return !this.history.faults.some(({ busAlone, atMs, untilMs = atMs }) => {
      return !busAlone && atMs <= toMs && untilMs + AFTERMATH_MS >= fromMs;
    });
  }
}

/** Whether a value was certainly made before an invalidation: then nobody may see it after that. */
export function isOlder(origin: Origin, invalidation: Call): boolean {
  if (origin.by === 'load') return origin.startMs < invalidation.startMs;
  const { call } = origin;
  if (call === undefined || call === invalidation || call.answer?.kind !== 'committed') return false;
  return (call.endMs as number) < invalidation.startMs;
}

/** The failovers that may have taken a commit away: losing the invalidation itself is exempt. */
export function lossesOf(history: History, call: Invalidation): readonly Fault[] {
  if (call.answer?.kind === 'committed' && call.answer.replicated) return [];
  const server = isOfScope(call.kind) ? 'control' : 'data';
  return history.faults.filter((fault) => {
    if (fault.lostFromMs === undefined || (fault.server ?? server) !== server) return false;
    return call.endMs >= fault.lostFromMs && call.startMs <= (fault.untilMs as number);
  });
}

/** Whether a call that was under way when a load began had waited for so long: it may be the one that loads. */
export function hasWaited({ kind, startMs, endMs }: Call, load: Origin, waitMs: number): boolean {
  return kind === 'load' && startMs + waitMs <= load.startMs && (endMs ?? load.startMs) >= load.startMs;
}

/** What concerns each key, in the order in which it began. */
function byKey<T extends { readonly startMs: number }>(
  all: Iterable<T>,
  keysOf: (one: T) => readonly string[],
): ReadonlyMap<string, readonly T[]> {
  const ofKeys = new Map<string, T[]>();
  for (const one of all) {
    for (const key of keysOf(one)) {
      const known = ofKeys.get(key);
      if (known === undefined) ofKeys.set(key, [one]);
      else known.push(one);
    }
  }
  for (const known of ofKeys.values()) known.sort((one, other) => one.startMs - other.startMs);
  return ofKeys;
}

function isInEffect(call: Call): call is Invalidation {
  return call.answer?.kind === 'committed' || call.answer?.kind === 'queued';
}

export function isRead(call: Call): call is Read {
  return call.answer?.kind === 'value';
}
