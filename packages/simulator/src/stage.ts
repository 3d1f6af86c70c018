import { openLockstep } from '@lockstep/cache';
import type { Tier } from '@lockstep/core';
import { CLOCK_RATE_ERROR } from '@lockstep/core';
import type { BusWeather, TierLink, World } from '@lockstep/testing/world';
import { SimBusNetwork, SimMachine, SimTier, TierServer } from '@lockstep/testing/world';
import type { History } from './history.ts';
import type { ClientNode } from './workload.ts';

export const DELTA_MS = 2_000;
export const DELTA_MAX_MS = 3_000;
export const LEASE_MS = 3_000;
export const TTL_MS = 30_000;
const SECRET = 'the secret of a simulation';

/** How a stage's nodes differ from those of a random schedule. */
export interface StageOptions {
  /** Whether writes wait for a replica. */
  readonly durable?: boolean;
  readonly leaseMs?: number;
  /** Whether values are in the tier, too. Default: true. */
  readonly shared?: boolean;
  /** What a node takes for its tier: something in front of the simulated one. */
  readonly front?: (tier: Tier, node: number) => Tier;
}

/** Two servers, one for the control partition and one for the data, a bus, and the nodes that have joined so far. */
export class Stage {
  readonly world: World;
  readonly history: History;
  readonly servers: readonly [control: TierServer, data: TierServer];
  readonly weather: BusWeather = { latencyMs: [0.05, 5], lost: 0, repeated: 0, late: 0, cutOff: new Set() };
  /** One for every node there ever was, by its number; so are the links. */
  readonly machines: SimMachine[] = [];
  readonly links: TierLink[] = [];
  /** Those that are open, in the order in which they opened. */
  readonly nodes: ClientNode[] = [];
  readonly #network: SimBusNetwork;
  readonly #options: StageOptions;

  constructor(world: World, history: History, options: StageOptions = {}) {
    this.world = world;
    this.history = history;
    this.#options = options;
    this.servers = [new TierServer(world), new TierServer(world)];
    this.#network = new SimBusNetwork(world, this.weather);
  }

  /** Starts one more node. */
  join(): void {
    const { world, servers, machines, links } = this;
    const rate = 1 + world.random.between(-CLOCK_RATE_ERROR, CLOCK_RATE_ERROR);
    const machine = new SimMachine(world, { number: machines.length, rate });
    const latencyMs = [0.05, 2] as const;
    const answerMs = [...latencyMs] as const;
    const faults = { lost: 0, unanswered: 0, late: 0, isCut: false, isRefused: false };
    const link: TierLink = { latencyMs, answerMs, pauseMs: [0, 0.5], ...faults, upSinceMs: world.nowMs };
    machines.push(machine);
    links.push(link);
    const { front = (tier) => tier } = this.#options;
    const tier = front(new SimTier(world, machine, { control: servers[0], data: servers[1], link }), machine.number);
    void this.#open(machine, tier);
  }

  /** Lets a node leave as one that is told to. */
  leave(number: number): void {
    const node = this.nodes.find(({ machine }) => machine.number === number);
    if (node === undefined) return;
    node.hasLeft = true;
    void node.lockstep.close();
  }

  async #open(machine: SimMachine, tier: Tier): Promise<void> {
    const { leaseMs = LEASE_MS, durable = false, shared = true } = this.#options;
    const lockstep = await openLockstep({
      ...(durable && { durability: { replicas: 1 } }),
      tier,
      bus: this.#network.join(machine),
      random: this.world.random.fork(),
      secret: SECRET,
      clock: machine,
      timers: machine,
      partitions: 2,
      maxStaleness: DELTA_MS,
      deltaMax: DELTA_MAX_MS,
    });
    // Every other node is impatient, though not where nothing is wrong.
    const patience = machine.number % 2 === 1 ? { tierTimeout: 100 } : {};
    const policy = { ttl: TTL_MS, grace: 30_000, lease: leaseMs, nearEntriesMax: 100, shared, ...patience };
    this.nodes.push({ machine, lockstep, tools: lockstep.namespace<string>('tools', policy), hasLeft: false });
  }
}

/** Whether a node takes calls. */
export function isAlive({ machine, hasLeft }: ClientNode): boolean {
  return !machine.crashed && !hasLeft;
}
