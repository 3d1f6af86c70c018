import type { Bus, BusListener } from '@lockstep/core';
import { settle } from './fake-clock.ts';

/** What becomes of one delivery. */
export type Fate = 'deliver' | 'drop' | 'duplicate' | 'hold';

/** One message on its way from one node to another. */
export interface Delivery {
  readonly from: MemoryBus;
  readonly to: MemoryBus;
  readonly bytes: Uint8Array;
}

/** A bus in memory between the nodes of one test, and the faults that befall it. */
export interface BusNetwork {
  /** A new node's bus; connected. */
  join(): MemoryBus;
  /** Decides the fate of every delivery from now on; at first all are delivered. */
  decide(rule: (delivery: Delivery) => Fate): void;
  /** How many deliveries are held. */
  readonly held: number;
  /** Delivers what was held, in the order it was sent, or the reverse. */
  release(order?: 'sent' | 'reversed'): void;
  /** Cuts the routes between these groups; nobody is told. Nodes in no group reach everyone. Replaces the former cuts. */
  partition(...groups: readonly (readonly MemoryBus[])[]): void;
  /** Ends all partitions. */
  heal(): void;
  /** Takes the bus from a node, which is told; what is sent to it and by it meanwhile is lost. */
  disconnect(bus: MemoryBus, reason?: string): void;
  /** Gives it back; the node is told. */
  reconnect(bus: MemoryBus): void;
  /** Resolves when everything that was sent has arrived, or is lost or held. */
  quiet(): Promise<void>;
}

/** Makes a network without nodes. */
export function createBusNetwork(): BusNetwork {
  return new Network();
}

/** One node's bus in memory. Messages arrive after the publisher's current turn, as copies; a node does not hear itself. */
export class MemoryBus implements Bus {
  readonly #network: Network;
  #listener: BusListener | undefined;
  #state: 'connected' | 'disconnected' | 'closed' = 'connected';

  constructor(network: Network) {
    this.#network = network;
  }

  get connected(): boolean {
    return this.#state === 'connected';
  }

  listen(listener: BusListener): void {
    this.#listener = listener;
  }

  publish(message: Uint8Array): void {
    if (this.connected) {
      this.#network.send(this, message);
    }
  }

  async close(): Promise<void> {
    this.#state = 'closed';
    this.#network.leave(this);
  }

  /** For the network: brings a message. */
  receive(bytes: Uint8Array): void {
    if (this.connected) {
      this.#listener?.message(bytes);
    }
  }

  /** For the network: the bus is gone. */
  interrupt(reason: string): void {
    if (this.#state === 'connected') {
      this.#state = 'disconnected';
      this.#listener?.interrupted(reason);
    }
  }

  /** For the network: the bus is back. */
  restore(): void {
    if (this.#state === 'disconnected') {
      this.#state = 'connected';
      this.#listener?.restored();
    }
  }
}

class Network implements BusNetwork {
  readonly #nodes = new Set<MemoryBus>();
  #rule: (delivery: Delivery) => Fate = () => 'deliver';
  #held: Delivery[] = [];
  #groups: readonly (readonly MemoryBus[])[] = [];

  join(): MemoryBus {
    const bus = new MemoryBus(this);
    this.#nodes.add(bus);
    return bus;
  }

  leave(bus: MemoryBus): void {
    this.#nodes.delete(bus);
  }

  decide(rule: (delivery: Delivery) => Fate): void {
    this.#rule = rule;
  }

  get held(): number {
    return this.#held.length;
  }

  release(order: 'sent' | 'reversed' = 'sent'): void {
    const released = order === 'sent' ? this.#held : this.#held.toReversed();
    this.#held = [];
    for (const delivery of released) {
      this.#deliver(delivery);
    }
  }

  partition(...groups: readonly (readonly MemoryBus[])[]): void {
    this.#groups = groups;
  }

  heal(): void {
    this.#groups = [];
  }

  disconnect(bus: MemoryBus, reason = 'the test took the bus away'): void {
    bus.interrupt(reason);
  }

  reconnect(bus: MemoryBus): void {
    bus.restore();
  }

  async quiet(): Promise<void> {
    await settle();
  }

  send(from: MemoryBus, message: Uint8Array): void {
    for (const to of this.#nodes) {
      if (to === from || this.#isCut(from, to)) {
        continue;
      }
      const delivery: Delivery = { from, to, bytes: Uint8Array.from(message) };
      const fate = this.#rule(delivery);
      switch (fate) {
        case 'deliver':
          this.#deliver(delivery);
          break;
        case 'duplicate':
          this.#deliver(delivery);
          this.#deliver(delivery);
          break;
        case 'hold':
          this.#held.push(delivery);
          break;
        case 'drop':
          break;
      }
    }
  }

  #deliver(delivery: Delivery): void {
    queueMicrotask(() => delivery.to.receive(delivery.bytes));
  }

  #isCut(from: MemoryBus, to: MemoryBus): boolean {
    const group = (bus: MemoryBus): number => this.#groups.findIndex((members) => members.includes(bus));
    const [one, other] = [group(from), group(to)];
    return one !== -1 && other !== -1 && one !== other;
  }
}
