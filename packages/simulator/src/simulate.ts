import { CLOCK_RATE_ERROR } from '@lockstep/core';
import { World } from '@lockstep/testing/world';
import type { CheckOptions, Violation } from './checkers.ts';
import { check } from './checkers.ts';
import { BUS_FAULT_KINDS, befall, FAULT_KINDS, heal } from './faults.ts';
import type { Call } from './history.ts';
import { History } from './history.ts';
import { DELTA_MS, isAlive, LEASE_MS, Stage, TTL_MS } from './stage.ts';
import type { Played } from './trace.ts';
import type { ClientNode } from './workload.ts';
import { Workload } from './workload.ts';

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

/** Longer than any load takes to be stored, its lease's wait included. */
const LOAD_MS_MAX = 2 * LEASE_MS;
/** So many of the schedules whose clients mostly read have faults of the bus alone: there P6 holds throughout. */
const BUS_ALONE_SHARE = 0.5;
/** In so many schedules each node has its values alone. */
const APART_SHARE = 0.1;
/** Long enough for the longest pause to end, and for every node to catch up after it. */
const HEAL_MS = 20_000;

/** Runs one schedule: faults and clients at random, then calm, in which the nodes must come together. */
export async function simulate(seed: number, options: SimulationOptions = DEFAULT_OPTIONS): Promise<Played> {
  const world = new World(seed);
  const history = new History();
  const shared = !world.random.chance(APART_SHARE);
  const stage = new Stage(world, history, { durable: options.durable, shared });
  const { nodes } = stage;
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
  const kinds = kindsOfFaults(options, workload.isReading && world.random.chance(BUS_ALONE_SHARE));
  const faults = kinds.length === 0 ? 0 : Math.floor(world.random.between(0, 10));
  for (let index = 0; index < faults; index++) {
    world.after(world.random.between(0, spanMs), () => befall(stage, world.random.pick(kinds)));
  }
  await world.run(5_000 + spanMs);
  heal(stage);
  await world.run(5_000 + spanMs + HEAL_MS);
  const violations = [
    ...(await converge(world, { history, workload, nodes: nodes.filter(isAlive), shared })),
    // Nodes that have their values alone load alone, and drop what others set.
    ...check(history, { ...checkOptions, ...(shared && { policy: { ttlMs: TTL_MS, leaseMs: LEASE_MS } }) }),
  ];
  return { name: `seed ${seed}`, violations, history, replay: replayOf(seed, options) };
}

function replayOf(seed: number, { faults, durable }: SimulationOptions): string {
  return `pnpm sim --seed ${seed}${faults === FAULT_KINDS ? '' : ` --faults '${faults.join()}'`}${durable ? ' --durable' : ''}`;
}

/** All kinds of faults that may happen, or those of the bus alone, if there are any. */
function kindsOfFaults({ faults }: SimulationOptions, busAlone: boolean): readonly string[] {
  const ofBus = busAlone ? faults.filter((kind) => BUS_FAULT_KINDS.includes(kind)) : [];
  return ofBus.length > 0 ? ofBus : faults;
}

/** What the checkers know of every simulated cluster. */
export const checkOptions: CheckOptions = { deltaMs: DELTA_MS, clockRateError: CLOCK_RATE_ERROR };

/** A world in calm. */
interface Calmed {
  readonly history: History;
  readonly workload: Workload;
  readonly nodes: readonly ClientNode[];
  /** Whether nodes share their values. */
  readonly shared: boolean;
}

/**
 * In calm every node is coherent, and those that answer a value answer the same: an evicted entry may be near still,
 * and so may a fill whose entry a failover took away.
 */
export async function converge(
  world: World,
  { history, workload, nodes, shared }: Calmed,
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
    if (shared && answers.size > 1) violations.push({ promise: 'converges', text, calls });
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
