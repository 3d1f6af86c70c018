// biome-ignore lint/style/noRestrictedImports: a turn of the machine's event loop, which is none of the cluster's time.
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import type { Duration, LockstepOptions } from '@lockstep/cache';
import { ConfigError, openLockstep } from '@lockstep/cache';
import { millisecondsOf } from './durations.ts';
import { TestBus } from './test-bus.ts';
import { TestNode } from './test-node.ts';
import { TestTier } from './test-tier.ts';
import { SimMachine } from './world/sim-machine.ts';
import { World } from './world/world.ts';

const NODES_MAX = 16;
const SECRET = 'the secret of all test clusters';
/** Opening and closing a node takes no longer, whatever befalls it. */
const PATIENCE_MS = 120_000;

/** Options of a node, but for what the cluster gives it. */
export type TestNodeOptions = Omit<LockstepOptions, 'tier' | 'bus' | 'clock' | 'timers' | 'random' | 'secret'>;

/** How a test cluster begins. */
export interface TestClusterOptions {
  /** How many nodes it begins with, 1 to 16. Default: 3. */
  readonly nodes?: number;
  /** The options of every node; see `openLockstep`. Default: none. */
  readonly node?: TestNodeOptions;
  /** What is random (jitter, ids) is the same for the same seed, a whole number. Default: 1. */
  readonly seed?: number;
}

/**
 * Opens a cluster in memory, of nodes that have joined. Its time stands still but for `advance`; what takes no time, as
 * the tier's answers and the bus's messages, happens by itself. Rejects with `config-invalid` for options that cannot be
 * used.
 */
export async function createTestCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const { nodes = 3, seed = 1, node = {} } = options;
  for (const [name, got, least, most] of [
    ['nodes', nodes, 1, NODES_MAX],
    ['seed', seed, 0, Number.MAX_SAFE_INTEGER],
  ] as const) {
    if (Number.isSafeInteger(got) && got >= least && got <= most) continue;
    throw new ConfigError(`createTestCluster: ${name}: got ${got}, takes a whole number from ${least} to ${most}`);
  }
  const cluster = new TestCluster(seed, node);
  try {
    for (let number = 0; number < nodes; number++) await cluster.addNode();
    return cluster;
  } catch (error) {
    await cluster[Symbol.asyncDispose]();
    throw error;
  }
}

/** Nodes on one tier and one bus, all in memory, whose time and faults are the test's. Made by `createTestCluster`. */
export class TestCluster implements AsyncDisposable {
  readonly bus: TestBus;
  readonly tier: TestTier;
  readonly #world: World;
  readonly #options: TestNodeOptions;
  readonly #machines: SimMachine[] = [];
  readonly #nodes: TestNode[] = [];

  constructor(seed: number, options: TestNodeOptions) {
    this.#world = new World(seed, { isPrompt: true });
    this.#options = options;
    this.bus = new TestBus(this.#world);
    this.tier = new TestTier(this.#world);
  }

  /** The nodes that have not crashed, in the order in which they were added. */
  get nodes(): readonly TestNode[] {
    return this.#nodes;
  }

  /** How much time has passed since the beginning, in ms. */
  get nowMs(): number {
    return this.#world.nowMs;
  }

  /** Lets time pass: what becomes due meanwhile happens at its time, and all that follows from it. */
  async advance(by: Duration): Promise<void> {
    await this.settle();
    await this.#world.run(this.#world.nowMs + millisecondsOf('advance', by));
    await this.settle();
  }

  /** Lets everything happen that takes no time. */
  async settle(): Promise<void> {
    do {
      await this.#world.run(this.#world.nowMs);
      // Promises of the test's own code may need a turn of the event loop.
      await turnOfTheLoop();
    } while (this.#world.isBusy);
  }

  /** Starts one more node, with options that win over the cluster's. Time passes as it waits for a tier that is away. */
  async addNode(options: TestNodeOptions = {}): Promise<TestNode> {
    const world = this.#world;
    const machine = new SimMachine(world, { number: this.#machines.length, rate: 1 });
    this.#machines.push(machine);
    const opening = openLockstep({
      ...this.#options,
      ...options,
      tier: this.tier.join(machine),
      bus: this.bus.join(machine),
      random: world.random.fork(),
      clock: machine,
      timers: machine,
      secret: SECRET,
    });
    const lockstep = await this.#patiently(opening);
    const node: TestNode = new TestNode(lockstep, machine, () => {
      machine.crashed = true;
      this.#nodes.splice(this.#nodes.indexOf(node), 1);
    });
    this.#nodes.push(node);
    return node;
  }

  /** Ends all faults, and closes every node. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.bus.restore();
    this.tier.restore();
    for (const machine of this.#machines) machine.resume();
    await this.#patiently(Promise.all(this.#nodes.map(({ lockstep }) => lockstep.close())));
  }

  /** Lets time pass until a promise is settled. */
  async #patiently<T>(promise: Promise<T>): Promise<T> {
    let isSettled = false;
    const end = (): void => {
      isSettled = true;
    };
    promise.then(end, end);
    await this.settle();
    await this.#world.runUntil(() => isSettled, PATIENCE_MS);
    return promise;
  }
}
