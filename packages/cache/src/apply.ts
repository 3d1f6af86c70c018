import type { Commit, Effect, EventVerdict, KeyEffect, Link, TraceContext } from '@lockstep/core';
import { ATTRIBUTES, SPANS } from '@lockstep/telemetry';
import { SpanKind } from '@opentelemetry/api';
import type { Flight } from './flight.ts';
import type { Node } from './node.ts';
import type { Outbox } from './outbox.ts';

/** An event as it takes effect on a node, wherever it comes from. */
export interface AppliedEvent extends Link {
  readonly partition: number;
  readonly effect: Effect;
}

/**
 * Applies an event that has happened: it takes effect, always, and is then linked into the partition's history.
 * Synchronous and local; publishes nothing. `spared` is the write that made the event.
 */
export function applyEvent(node: Node, event: AppliedEvent, spared?: Flight): EventVerdict {
  const { effect } = event;
  if ('scopeId' in effect) {
    node.epochs.raise(effect, event.sequence);
    node.flights.poisonScope(effect.scopeId);
    node.failures.dropAll();
  } else {
    applyToKey(node, effect, spared);
  }
  node.counters.eventsApplied++;
  const verdict = node.history(event.partition)?.note(event) ?? 'foreign';
  if (verdict !== 'old') node.events.applied(effect, event);
  return verdict;
}

/** Poisons the key's flights, and ends its near entry: an expired one may still stand in for a load that fails. */
function applyToKey(node: Node, effect: KeyEffect, spared?: Flight): void {
  node.flights.poisonKey(effect.keyId, spared);
  node.failures.drop(effect.keyId);
  if (effect.kind === 'expire') node.near.expire(effect.keyId);
  else node.near.drop(effect.keyId);
}

/** An effect without a position, because the tier does not have it: it can only take things away, so it always may. */
export function applyHint(node: Node, effect: Effect): void {
  if (!('scopeId' in effect)) return applyToKey(node, effect);
  if (effect.kind === 'expire-scope') node.near.expireScope(effect.scopeId);
  else node.near.dropScope(effect.scopeId);
  node.flights.poisonScope(effect.scopeId);
  node.failures.dropAll();
}

/** What this node has committed: its effect, the write that must not be poisoned by it, whether others shall answer. */
export interface MadeEvent {
  readonly effect: Effect;
  readonly spared?: Flight | undefined;
  readonly ackWanted?: boolean;
}

/** How an event came: the write that made it, if that is this node's, and the span under which it was made. */
interface Arrival {
  readonly spared?: Flight | undefined;
  readonly trace: TraceContext | undefined;
}

/** Brings this node's own commits, and the bus's events, into effect; asks for a heartbeat where links are missing. */
export class Applier {
  readonly #node: Node;
  readonly #outbox: Outbox;
  readonly #requestHeartbeat: () => void;
  readonly #reorderWindowMs: number;
  #gapCheckPending = false;

  constructor(node: Node, outbox: Outbox, options: { reorderWindowMs: number; requestHeartbeat: () => void }) {
    this.#node = node;
    this.#outbox = outbox;
    this.#reorderWindowMs = options.reorderWindowMs;
    this.#requestHeartbeat = options.requestHeartbeat;
  }

  /** Publishes what this node committed, then applies it here. */
  committed(commit: Commit, partition: number, made: MadeEvent): void {
    const { incarnation, sequence, previous } = commit;
    const { effect, spared, ackWanted = false } = made;
    const event = { partition, incarnation, sequence, previous, effect };
    // What a load makes is of interest to its own trace alone.
    const trace = effect.kind === 'fill' ? undefined : this.#node.tracing.place();
    const { id: sender } = this.#node;
    this.#outbox.send({ type: 'event', ...event, sender, ackWanted, ...(trace && { trace }) });
    this.received(event, { spared, trace });
  }

  /** Applies an event that came by bus, or this node's own. */
  received(event: AppliedEvent, { spared, trace }: Arrival): void {
    const span = trace && this.#node.tracing.remote(trace, SPANS.apply, { kind: SpanKind.CONSUMER });
    const verdict = applyEvent(this.#node, event, spared);
    span?.setAttributes({
      [ATTRIBUTES.nodeId]: this.#node.id,
      [ATTRIBUTES.partition]: event.partition,
      [ATTRIBUTES.sequence]: event.sequence,
      [ATTRIBUTES.effect]: event.effect.kind,
      [ATTRIBUTES.verdict]: verdict,
    });
    span?.end();
    if (verdict === 'foreign') this.#requestHeartbeat();
    if (verdict === 'gap') this.#checkGapSoon();
  }

  /** Events travel apart from each other, and may overtake: only a gap that stays open has lost something. */
  #checkGapSoon(): void {
    if (this.#gapCheckPending) return;
    this.#gapCheckPending = true;
    this.#node.timers.after(this.#reorderWindowMs, () => {
      this.#gapCheckPending = false;
      if (!this.#node.control.hasGap && !this.#node.data.some((history) => history.hasGap)) return;
      this.#node.counters.gaps++;
      this.#requestHeartbeat();
    });
  }
}
