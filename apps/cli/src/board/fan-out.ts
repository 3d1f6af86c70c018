import type { AppliedEvent, AuditRecord } from '@lockstep/admin-api';
import type { ClearLine, Mark } from './frame.ts';

/** How many clears are remembered. */
const CLEARS_MAX = 50;
/** A node without a tier counts its events from 1, anew at each start; with one, a place is a time in µs, and never used twice. */
const COUNTED_MAX = 1e12;
const ACTIONS: Readonly<Record<string, string>> = {
  clear: 'clear',
  expire: 'expire',
  'clear-scope': 'clear',
  'expire-scope': 'expire',
};

/** A node, as the fan-out knows it. */
export interface Reached {
  readonly id: string | null;
  /** Since when its events are heard, in ms; undefined: they are not now. */
  readonly heardSinceMs: number | undefined;
  readonly isFollowed: boolean;
}

/** One event of a clear: when it was first heard of, from any node, and when from each. */
interface Part {
  readonly partition: AppliedEvent['partition'];
  readonly position: string;
  /** The same for whoever tells of the event, and for no other event. */
  readonly identity: string;
  readonly firstMs: number;
  readonly heardMs: Map<string, number>;
}

interface Clear {
  readonly at: string;
  readonly event: AppliedEvent;
  parts: Part[];
  record: AuditRecord | undefined;
}

/** The newest clears, and when each node was heard to have applied them. */
export class FanOut {
  /** Oldest first. */
  #clears: Clear[] = [];

  /** Takes an event that has taken effect on a node; the first time that a node tells of it counts. */
  heard(node: string, event: AppliedEvent, { atMs, at }: { readonly atMs: number; readonly at: string }): void {
    if (ACTIONS[event.kind] === undefined) return;
    const position = positionText(event);
    const identity = identityOf(event, node);
    const known = this.#clears.flatMap(({ parts }) => parts).find((part) => part.identity === identity);
    if (known !== undefined) {
      if (!known.heardMs.has(node)) known.heardMs.set(node, atMs);
      return;
    }
    const part: Part = {
      partition: event.partition,
      position,
      identity,
      firstMs: atMs,
      heardMs: new Map([[node, atMs]]),
    };
    const whole = this.#clears.find(({ record }) => record !== undefined && identitiesOf(record).has(identity));
    if (whole !== undefined) whole.parts.push(part);
    else this.#clears.push({ at, event, parts: [part], record: undefined });
    this.#clears = this.#clears.slice(-CLEARS_MAX);
  }

  /** A node has dropped all that it had of a partition: with it, whatever the clears there concern. */
  dropped(node: string, partition: AppliedEvent['partition'], atMs: number): void {
    const parts = this.#clears.flatMap((clear) => clear.parts).filter((part) => part.partition === partition);
    for (const { heardMs } of parts) if (!heardMs.has(node)) heardMs.set(node, atMs);
  }

  /** Takes a record of the audit trail: its events, so far told one by one, are one clear. */
  recorded(record: AuditRecord): void {
    const identities = identitiesOf(record);
    const of = this.#clears.filter(({ parts }) => parts.some(({ identity }) => identities.has(identity)));
    const [first, ...others] = of.filter((clear) => clear.record === undefined);
    if (first === undefined) return;
    first.record = record;
    first.parts = [first, ...others].flatMap(({ parts }) => parts);
    this.#clears = this.#clears.filter((clear) => !others.includes(clear));
  }

  /** Newest first. */
  lines(nodes: readonly Reached[]): readonly ClearLine[] {
    return this.#clears.map((clear) => lineOf(clear, nodes)).reverse();
  }
}

function lineOf({ at, event, parts, record }: Clear, nodes: readonly Reached[]): ClearLine {
  const fenced = record?.receipts.flatMap(({ fence }) => (fence === undefined ? [] : [fence])) ?? [];
  const fencedBy = fenced.some(({ by }) => by === 'time') ? 'time' : fenced[0]?.by;
  const says = (id: string): Mark['state'] | undefined => {
    const each = fenced.map(({ members }) => members[id]);
    return each.includes('fenced out') ? 'fenced out' : each[0];
  };
  return {
    at,
    action: record?.action ?? ACTIONS[event.kind] ?? event.kind,
    scope: record?.scope ?? { ...event.scope, ...(event.keyId === undefined ? {} : { key: event.keyId }) },
    positions: parts.map(({ position }) => position),
    ...(record === undefined ? {} : { by: record.actor, reason: record.reason }),
    ...(fencedBy === undefined ? {} : { fencedBy }),
    marks: nodes.map((node) => markOf(parts, node, node.id === null ? undefined : says(node.id))),
  };
}

function markOf(
  parts: readonly Part[],
  { id, heardSinceMs, isFollowed }: Reached,
  said: Mark['state'] | undefined,
): Mark {
  const after = parts.map(({ firstMs, heardMs }) => (heardMs.get(id ?? '') ?? Number.NaN) - firstMs);
  // A clear of several events has reached a node when the last of them has.
  if (!after.some(Number.isNaN)) return { state: 'applied', afterMs: Math.max(...after) };
  if (said === 'acknowledged' || said === 'fenced out') return { state: said };
  if (!isFollowed) return { state: 'unseen' };
  if (heardSinceMs === undefined) return { state: 'lost' };
  return { state: parts.some(({ firstMs }) => heardSinceMs > firstMs) ? 'unseen' : 'waiting' };
}

function identitiesOf({ receipts, node }: AuditRecord): ReadonlySet<string> {
  return new Set(receipts.map((receipt) => identityOf(receipt, node)));
}

function identityOf(event: Pick<AppliedEvent, 'partition' | 'sequence'>, node: string): string {
  return event.sequence < COUNTED_MAX ? `${positionText(event)} of ${node}` : positionText(event);
}

function positionText({ partition, sequence }: Pick<AppliedEvent, 'partition' | 'sequence'>): string {
  return `${partition}:${sequence}`;
}
