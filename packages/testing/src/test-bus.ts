import type { Duration } from '@lockstep/cache';
import type { Bus } from '@lockstep/core';
import { millisecondsOf } from './durations.ts';
import type { TestNode } from './test-node.ts';
import type { BusWeather } from './world/sim-bus.ts';
import { SimBusNetwork } from './world/sim-bus.ts';
import type { SimMachine } from './world/sim-machine.ts';
import type { World } from './world/world.ts';

/** The bus of a test cluster, and what may befall it. A message usually takes no time. */
export class TestBus {
  readonly #weather: BusWeather = { latencyMs: [0, 0], lost: 0, repeated: 0, late: 0, cutOff: new Set() };
  readonly #network: SimBusNetwork;
  /** Those of all nodes that there ever were, by their numbers. */
  readonly #machines: SimMachine[] = [];

  /** Whether it was taken from all, also from those that are yet to come. */
  #isGone = false;

  constructor(world: World) {
    this.#network = new SimBusNetwork(world, this.#weather);
  }

  /** For the cluster: a new node's bus. */
  join(machine: SimMachine): Bus {
    this.#machines[machine.number] = machine;
    const bus = this.#network.join(machine);
    if (this.#isGone) this.#network.disconnect(machine);
    return bus;
  }

  /** Loses all messages to and from these nodes, or all messages, until `restore`. Nobody is told. */
  lose(...nodes: readonly TestNode[]): void {
    if (nodes.length === 0) this.#weather.lost = 1;
    for (const { number } of this.#of(nodes)) this.#weather.cutOff.add(number);
  }

  /** Takes the connection from these nodes, or from all, until `restore`. They are told. */
  disconnect(...nodes: readonly TestNode[]): void {
    this.#isGone ||= nodes.length === 0;
    for (const machine of this.#of(nodes)) this.#network.disconnect(machine);
  }

  /** Delivers every message so much later, until `restore`. */
  delay(by: Duration): void {
    const ms = millisecondsOf('bus.delay', by);
    this.#weather.latencyMs = [ms, ms];
  }

  /** Delivers every message twice, until `restore`. */
  repeat(): void {
    this.#weather.repeated = 1;
  }

  /** Ends all faults of the bus. */
  restore(): void {
    Object.assign(this.#weather, { latencyMs: [0, 0], lost: 0, repeated: 0 });
    this.#weather.cutOff.clear();
    this.#isGone = false;
    for (const machine of this.#machines) this.#network.reconnect(machine);
  }

  #of(nodes: readonly TestNode[]): readonly SimMachine[] {
    if (nodes.length === 0) return this.#machines;
    return nodes.map(({ number }) => this.#machines[number] as SimMachine);
  }
}
