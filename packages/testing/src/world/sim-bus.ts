import type { Bus, BusListener } from '@lockstep/core';
import type { Prng } from './prng.ts';
import type { SimMachine } from './sim-machine.ts';
import type { World } from './world.ts';

/** How much later than usual a delivery may come. */
export const BUS_LATE_MS_MAX = 2_000;

/** How the bus behaves; probabilities per delivery. */
export interface BusWeather {
  latencyMs: readonly [number, number];
  lost: number;
  repeated: number;
  /** A delivery that takes up to `BUS_LATE_MS_MAX`. */
  late: number;
  /** Nodes that neither hear nor are heard; nobody tells them. */
  readonly cutOff: Set<number>;
}

/** The simulated bus. */
export class SimBusNetwork {
  readonly #world: World;
  readonly #random: Prng;
  readonly #weather: BusWeather;
  readonly #nodes: Map<SimMachine, BusListener | undefined> = new Map();
  readonly #disconnected: Set<SimMachine> = new Set();

  constructor(world: World, weather: BusWeather) {
    this.#world = world;
    this.#random = world.random.fork();
    this.#weather = weather;
  }

  join(machine: SimMachine): Bus {
    this.#nodes.set(machine, undefined);
    const isConnected = (): boolean => !this.#disconnected.has(machine);
    return {
      get connected() {
        return isConnected();
      },
      listen: (listener) => void this.#nodes.set(machine, listener),
      publish: (message) => machine.deliver(() => this.#publish(machine, message)),
      close: async () => void this.#nodes.delete(machine),
    };
  }

  /** Takes the bus from a node, which is told; what is sent to it and by it meanwhile is lost. */
  disconnect(machine: SimMachine): void {
    this.#disconnected.add(machine);
    machine.deliver(() => this.#nodes.get(machine)?.interrupted('the bus was taken away'));
  }

  /** Gives it back; the node is told. */
  reconnect(machine: SimMachine): void {
    if (this.#disconnected.delete(machine)) machine.deliver(() => this.#nodes.get(machine)?.restored());
  }

  #publish(from: SimMachine, message: Uint8Array): void {
    const { cutOff, lost, repeated } = this.#weather;
    for (const to of this.#nodes.keys()) {
      if (to === from || cutOff.has(from.number) || cutOff.has(to.number)) continue;
      if (this.#disconnected.has(from) || this.#disconnected.has(to)) continue;
      if (this.#random.chance(lost)) continue;
      this.#deliver(to, message);
      if (this.#random.chance(repeated)) this.#deliver(to, message);
    }
  }

  #deliver(to: SimMachine, message: Uint8Array): void {
    const { latencyMs, late } = this.#weather;
    const wayMs = this.#random.chance(late)
      ? this.#random.between(1, BUS_LATE_MS_MAX)
      : this.#random.between(...(latencyMs as [number, number]));
    this.#world.after(wayMs, () => to.deliver(() => this.#nodes.get(to)?.message(message)));
  }
}
