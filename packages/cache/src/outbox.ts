import type { Bus, Frame } from '@lockstep/core';
import { encodeMessage, FRAMES_PER_MESSAGE_MAX } from '@lockstep/core';
import type { NodeCounters } from './node.ts';
import type { Secrets } from './secret.ts';

/** What of its node an outbox works with. */
export interface OutboxParts {
  readonly bus: Bus;
  readonly secrets: Pick<Secrets, 'mac'>;
  readonly counters: Pick<NodeCounters, 'framesSent'>;
}

/** Sends frames to the other nodes: those made in one tick travel in one message. Fire and forget. */
export class Outbox {
  readonly #node: OutboxParts;
  #frames: Frame[] = [];

  constructor(node: OutboxParts) {
    this.#node = node;
  }

  send(frame: Frame): void {
    this.#frames.push(frame);
    if (this.#frames.length === 1) queueMicrotask(() => this.#flush());
    else if (this.#frames.length === FRAMES_PER_MESSAGE_MAX) this.#flush();
  }

  #flush(): void {
    if (this.#frames.length === 0) return;
    const frames = this.#frames;
    this.#frames = [];
    const { bus, secrets, counters } = this.#node;
    counters.framesSent += frames.length;
    bus.publish(encodeMessage(frames, secrets.mac));
  }
}
