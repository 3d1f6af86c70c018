import type { BusListener, Frame } from '@lockstep/core';
import { decodeMessage } from '@lockstep/core';
import type { Applier } from './apply.ts';
import { applyHint } from './apply.ts';
import type { Node } from './node.ts';
import type { Waiters } from './waiters.ts';

const COMPLAINT_INTERVAL_MS = 60_000;

/** Takes in what the bus brings: untrusted, so whatever does not parse or verify is counted and dropped. */
export class Inbox implements BusListener {
  readonly #node: Node;
  readonly #applier: Applier;
  readonly #waiters: Waiters;
  readonly #requestHeartbeat: () => void;
  #complainedMs = Number.NEGATIVE_INFINITY;

  constructor(node: Node, options: { applier: Applier; waiters: Waiters; requestHeartbeat: () => void }) {
    this.#node = node;
    this.#applier = options.applier;
    this.#waiters = options.waiters;
    this.#requestHeartbeat = options.requestHeartbeat;
  }

  message(bytes: Uint8Array): void {
    const message = decodeMessage(bytes, this.#node.secrets.mac);
    this.#node.counters.messagesReceived++;
    if (message.rejected > 0) this.#reject(message.rejected, message.fault ?? 'malformed frame');
    for (const frame of message.frames) this.#take(frame);
  }

  restored(): void {
    this.#node.logger.info('the bus is back: checking what was missed');
    this.#requestHeartbeat();
  }

  interrupted(reason: string): void {
    this.#node.logger.warn('the bus is away: events reach this node by heartbeats only', { reason });
  }

  #take(frame: Frame): void {
    if (frame.sender === this.#node.id) return;
    switch (frame.type) {
      case 'event':
        if (this.#node.history(frame.partition) === undefined) this.#reject(1, 'unknown partition');
        else this.#applier.received(frame);
        return;
      case 'filled':
        return this.#waiters.wake(frame.keyId);
      case 'hint':
        return applyHint(this.#node, frame.effect);
      case 'ack':
        return;
    }
  }

  #reject(count: number, reason: string): void {
    this.#node.counters.framesRejected += count;
    const nowMs = this.#node.clock.monotonicMs();
    if (nowMs - this.#complainedMs < COMPLAINT_INTERVAL_MS) return;
    this.#complainedMs = nowMs;
    this.#node.logger.warn('dropped what came by the bus: another secret or release on this cluster name?', { reason });
  }
}
