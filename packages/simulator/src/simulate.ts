import type { LockstepOptions } from '@lockstep/cache';
import { openLockstep } from '@lockstep/cache';
import { CLOCK_RATE_ERROR } from '@lockstep/core';
import type { Violation } from './checkers.ts';
import { check } from './checkers.ts';
import type { Stage } from './faults.ts';
import { befall, FAULT_KINDS, heal } from './faults.ts';
import type { Call } from './history.ts';
import { History } from './history.ts';
import type { BusWeather } from './sim-bus.ts';
import { SimBusNetwork } from './sim-bus.ts';
import { SimMachine } from './sim-machine.ts';
import type { TierLink } from './sim-tier.ts';
import { SimTier } from './sim-tier.ts';
import { TierServer } from './tier-server.ts';
import type { ClientNode } from './workload.ts';
import { Workload } from './workload.ts';
import { World } from './world.ts';

/** How a schedule is made. */
export interface SimulationOptions {
  readonly nodes: number;
  readonly operations: number;
  /** The kinds of faults that may happen; none: a calm run. */
  readonly faults: readonly string[];
  /** Whether writes wait for a replica; then one that has it may not be lost in a failover. */
  readonly durable: boolean;
}

export const DEFAULT_OPTIONS: SimulationOptions = { nodes: 3, operations: 200, faults: FAULT_KINDS, durable: false };

/** What came of one seed. */
export interface Simulation {
  readonly seed: number;
  readonly options: SimulationOptions;
  readonly violations: readonly Violation[];
  readonly history: History;
}

const DELTA_MS = 2_000;
const LEASE_MS = 3_000;
/** Longer than any load takes to be stored, its lease's wait included. */
const LOAD_MS_MAX = 2 * LEASE_MS;
const SECRET = 'the secret of a simulation';
/** Long enough for the longest pause to end, and for every node to catch up after it. */
const HEAL_MS = 20_000;

/** Runs one schedule: faults and clients at random, then calm, in which the nodes must come together. */
export async function simulate(seed: number, options: SimulationOptions = DEFAULT_OPTIONS): Promise<Simulation> {
  const world = new World(seed);
  const history = new History();
  const { stage, nodes } = buildStage(world, history, options);
  for (let index = 0; index < options.nodes; index++) stage.join();
  await world.run(5_000);
  const workload = new Workload(world, history);
  const spanMs = options.operations * world.random.between(10, 120);
  for (let index = 0; index < options.operations; index++) {
    world.after(world.random.between(0, spanMs), () => {
      const alive = nodes.filter(isAlive);
      if (alive.length > 0) workload.call(world.random.pick(alive));
    });
  }
  const faults = options.faults.length === 0 ? 0 : Math.floor(world.random.between(0, 10));
  for (let index = 0; index < faults; index++) {
    world.after(world.random.between(0, spanMs), () => befall(stage, world.random.pick(options.faults)));
  }
  await world.run(5_000 + spanMs);
  heal(stage);
  await world.run(5_000 + spanMs + HEAL_MS);
  const violations = [
    ...(await converge(world, { history, workload, nodes: nodes.filter(isAlive) })),
    ...check(history, checkOptions),
  ];
  return { seed, options, violations, history };
}

const checkOptions = { deltaMs: DELTA_MS, clockRateError: CLOCK_RATE_ERROR };

/** The servers and the bus, and the nodes that have joined so far. */
function buildStage(
  world: World,
  history: History,
  { durable }: SimulationOptions,
): { readonly stage: Stage; readonly nodes: readonly ClientNode[] } {
  const weather: BusWeather = { latencyMs: [0.05, 5], lost: 0, repeated: 0, late: 0, cutOff: new Set() };
  const servers = [new TierServer(world), new TierServer(world)] as const;
  const network = new SimBusNetwork(world, weather);
  const nodes: ClientNode[] = [];
  const machines: SimMachine[] = [];
  const links: TierLink[] = [];
  const join = (): void => {
    const rate = 1 + world.random.between(-CLOCK_RATE_ERROR, CLOCK_RATE_ERROR);
    const machine = new SimMachine(world, { number: machines.length, rate });
    const upSinceMs = world.nowMs;
    const link: TierLink = { latencyMs: [0.05, 2], lost: 0, unanswered: 0, late: 0, isCut: false, upSinceMs };
    machines.push(machine);
    links.push(link);
    const tier = new SimTier(world, machine, { control: servers[0], data: servers[1], link });
    const opening = openNode(machine, { tier, bus: network.join(machine), random: world.random.fork(), durable });
    void opening.then((node) => nodes.push(node));
  };
  const leave = (number: number): void => {
    const node = nodes.find(({ machine }) => machine.number === number);
    if (node !== undefined) void leaveCluster(node);
  };
  return { stage: { world, history, machines, links, join, leave, weather, servers }, nodes };
}

async function openNode(
  machine: SimMachine,
  { durable, ...given }: Required<Pick<LockstepOptions, 'tier' | 'bus' | 'random'>> & { readonly durable: boolean },
): Promise<ClientNode> {
  const lockstep = await openLockstep({
    ...given,
    ...(durable && { durability: { replicas: 1 } }),
    secret: SECRET,
    clock: machine,
    timers: machine,
    partitions: 2,
    maxStalenessMs: DELTA_MS,
  });
  const policy = { ttlMs: 30_000, graceMs: 30_000, leaseMs: LEASE_MS, nearEntriesMax: 100 };
  return { machine, lockstep, tools: lockstep.namespace<string>('tools', policy), hasLeft: false };
}

async function leaveCluster(node: ClientNode): Promise<void> {
  node.hasLeft = true;
  await node.lockstep.close();
}

function isAlive({ machine, hasLeft }: ClientNode): boolean {
  return !machine.crashed && !hasLeft;
}

/**
 * In calm every node is coherent, and those that answer a value answer the same: an evicted entry may be near still,
 * and so may a fill whose entry a failover took away.
 */
async function converge(
  world: World,
  { history, workload, nodes }: { history: History; workload: Workload; nodes: readonly ClientNode[] },
): Promise<readonly Violation[]> {
  const reading = workload.readAll(nodes);
  await world.run(world.nowMs + 5_000);
  const reads: readonly Call[] = await Promise.race([reading, Promise.resolve([])]);
  const violations: Violation[] = [];
  for (const { machine, lockstep } of nodes) {
    const { coherenceViolations } = lockstep.stats();
    const audit = `the auditor of node ${machine.number} counted ${coherenceViolations}`;
    if (coherenceViolations > 0) violations.push({ promise: 'P1', text: audit, calls: [] });
    const { state, reason } = lockstep.coherence;
    const text = `node ${machine.number} is ${state} in calm: ${reason}`;
    if (state !== 'coherent') violations.push({ promise: 'converges', text, calls: [] });
  }
  for (const key of new Set(reads.map(({ target }) => target))) {
    const calls = reads.filter(({ target }) => target === key);
    const answers = new Set(calls.flatMap(({ answer }) => (answer?.kind === 'value' ? [answer.value] : [])));
    for (const value of answers) if (mayHaveLostItsEntry(history, value)) answers.delete(value);
    const text = `nodes answer ${[...answers].join(', ')} for ${key} in calm`;
    if (answers.size > 1) violations.push({ promise: 'converges', text, calls });
  }
  return violations;
}

/** Whether a failover may have taken a loaded value's entry away: its fill was silent, so the history did not change. */
function mayHaveLostItsEntry({ origins, faults }: History, value: string): boolean {
  const origin = origins.get(value);
  return faults.some(({ lostFromMs, untilMs }) => {
    if (lostFromMs === undefined || origin?.by !== 'load') return false;
    return origin.startMs <= (untilMs as number) && origin.startMs + LOAD_MS_MAX >= lostFromMs;
  });
}
