import type { BusListener, EventFrame, Frame } from '@lockstep/core';
import { decodeMessage } from '@lockstep/core';
import type { Applier } from './apply.ts';
import { applyHint } from './apply.ts';
import type { Fences } from './fenced-clear.ts';
import type { Node } from './node.ts';
import type { Outbox } from './outbox.ts';
import type { Waiters } from './waiters.ts';

const COMPLAINT_INTERVAL_MS = 60_000;

/** Where an inbox passes on what it takes in. */
export interface InboxOptions {
  readonly applier: Applier;
  readonly outbox: Outbox;
  readonly waiters: Waiters;
  readonly fences: Fences;
  readonly requestHeartbeat: () => void;
}

/** Takes in what the bus brings: untrusted, so whatever does not parse or verify is counted and dropped. */
export class Inbox implements BusListener {
  readonly #node: Node;
  readonly #applier: Applier;
  readonly #outbox: Outbox;
  readonly #waiters: Waiters;
  readonly #fences: Fences;
  readonly #requestHeartbeat: () => void;
  #complainedMs = Number.NEGATIVE_INFINITY;

  constructor(node: Node, options: InboxOptions) {
    this.#node = node;
    this.#applier = options.applier;
    this.#outbox = options.outbox;
    this.#waiters = options.waiters;
    this.#fences = options.fences;
    this.#requestHeartbeat = options.requestHeartbeat;
  }

  message(bytes: Uint8Array): void {
    const message = decodeMessage(bytes, this.#node.secrets.mac);
    this.#node.counters.messagesReceived++;
    if (message.rejected > 0) this.#reject(message.rejected, message.fault ?? 'malformed frame');
    for (const frame of message.frames) this.#take(frame);
  }

  restored(): void {
    this.#requestHeartbeat();
  }

  /** What the bus drops from here on is found by heartbeats: the first at once. */
  interrupted(): void {
    this.#requestHeartbeat();
  }

  #take(frame: Frame): void {
    if (frame.sender === this.#node.id) return;
    this.#node.counters.framesReceived++;
    switch (frame.type) {
      case 'event':
        return this.#takeEvent(frame);
      case 'filled':
        return this.#waiters.wake(frame.keyId);
      case 'hint':
        return applyHint(this.#node, frame.effect);
      case 'ack':
        return this.#fences.acknowledged(frame);
    }
  }

  #takeEvent(frame: EventFrame): void {
    if (this.#node.history(frame.partition) === undefined) return this.#reject(1, 'unknown partition');
    this.#applier.received(frame, { trace: frame.trace });
    const { partition, incarnation, sequence, ackWanted } = frame;
    if (ackWanted) this.#outbox.send({ type: 'ack', partition, incarnation, sequence, sender: this.#node.id });
  }

  #reject(count: number, reason: string): void {
    this.#node.counters.framesRejected += count;
    const nowMs = this.#node.clock.monotonicMs();
    if (nowMs - this.#complainedMs < COMPLAINT_INTERVAL_MS) return;
    this.#complainedMs = nowMs;
    this.#node.logger.warn('dropped what came by the bus: another secret or release on this cluster name?', { reason });
  }
}
