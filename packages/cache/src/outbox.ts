import type { Bus, Frame, MessageMac } from '@lockstep/core';
import { encodeMessage, FRAMES_PER_MESSAGE_MAX } from '@lockstep/core';

/** Sends frames to the other nodes: those made in one tick travel in one message. Fire and forget. */
export class Outbox {
  readonly #bus: Bus;
  readonly #mac: MessageMac;
  #frames: Frame[] = [];

  constructor(bus: Bus, mac: MessageMac) {
    this.#bus = bus;
    this.#mac = mac;
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
    this.#bus.publish(encodeMessage(frames, this.#mac));
  }
}
