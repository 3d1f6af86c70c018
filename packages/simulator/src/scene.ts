import type { Tier } from '@lockstep/core';
import { TierUnavailableError } from '@lockstep/core';
import { World } from '@lockstep/testing/world';
import { check } from './checkers.ts';
import { heal } from './faults.ts';
import type { Call, CallKind } from './history.ts';
import { History } from './history.ts';
import { checkOptions, converge } from './simulate.ts';
import { DELTA_MAX_MS, isAlive, Stage } from './stage.ts';
import type { Played } from './trace.ts';
import type { ClientNode, Request } from './workload.ts';
import { Workload } from './workload.ts';

const SEED = 1;
const NODES = 3;
/** Longer than a member and a connection have to be known before acknowledgements suffice for a fence. */
const SETTLED_MS = 2 * DELTA_MAX_MS;
/** The longest that a call, or a state that a schedule waits for, may take. */
const PATIENCE_MS = 30_000;
/** Longer than a heartbeat takes whose requests are answered without delay. */
const HEARTBEAT_MS = 20;
/** How long the origin takes where a schedule does not say it. */
const LOAD_MS = 5;
const CALM_MS = 10_000;

/** A schedule written by hand: the one order of calls and faults in which a rule matters. */
export interface Schedule {
  /** What happens, and what must come of it. */
  readonly about: string;
  /** How long a fill lease holds. Default: as in random schedules. */
  readonly leaseMs?: number;
  readonly play: (scene: Scene) => Promise<void>;
}

/** Plays a schedule, then heals everything, and judges it as a random one is judged. */
export async function play(name: string, schedule: Schedule): Promise<Played> {
  const scene = new Scene(schedule);
  await scene.open();
  await schedule.play(scene);
  return { name, history: scene.history, violations: await scene.judge(), replay: `pnpm sim --schedule ${name}` };
}

/** Three nodes that have joined, numbered from 0, and what a schedule may do with them, their servers and their bus. */
class Scene {
  readonly history: History = new History();
  readonly stage: Stage;
  readonly #world: World = new World(SEED);
  readonly #workload: Workload;
  /** The tier's calls that fail, by node. */
  readonly #failing: Map<number, string> = new Map();

  constructor({ leaseMs }: Pick<Schedule, 'leaseMs'>) {
    const front = (tier: Tier, node: number): Tier => this.#front(tier, node);
    this.stage = new Stage(this.#world, this.history, leaseMs === undefined ? { front } : { front, leaseMs });
    this.#workload = new Workload(this.#world, this.history);
  }

  async open(): Promise<void> {
    for (let index = 0; index < NODES; index++) this.stage.join();
    await this.run(SETTLED_MS);
  }

  get nowMs(): number {
    return this.#world.nowMs;
  }

  node(number: number): ClientNode {
    const node = this.stage.nodes.find(({ machine }) => machine.number === number);
    if (node === undefined) throw new Error(`node ${number} is not open`);
    return node;
  }

  /** Lets a call begin. */
  begin(node: number, request: Request): Promise<Call> {
    return this.#workload.ask(this.node(node), { loadMs: LOAD_MS, ...request });
  }

  /** Makes a call, and lets the world go on until it is answered. */
  async ask(node: number, kind: CallKind, target: string): Promise<Call> {
    let call: Call | undefined;
    void this.begin(node, { kind, target }).then((answered) => {
      call = answered;
    });
    await this.until(`an answer to ${kind} ${target}`, () => call !== undefined);
    // What is asked next is asked later.
    await this.run(1);
    return call as unknown as Call;
  }

  async run(ms: number): Promise<void> {
    await this.#world.run(this.#world.nowMs + ms);
  }

  async until(what: string, holds: () => boolean): Promise<void> {
    if (!(await this.#world.runUntil(holds, PATIENCE_MS))) throw new Error(`waited in vain for ${what}`);
  }

  /** Lets the world go on until a node's next heartbeat has begun. */
  async heartbeatBegun(node: number): Promise<void> {
    const { lockstep } = this.node(node);
    const { heartbeats } = lockstep.stats();
    await this.until(`a heartbeat of node ${node}`, () => lockstep.stats().heartbeats > heartbeats);
  }

  /** Lets the world go on until a node's next heartbeat is over; the one after it is half a second away. */
  async heartbeatOver(node: number): Promise<void> {
    await this.heartbeatBegun(node);
    await this.run(HEARTBEAT_MS);
  }

  /** Starts one more node; answers its number once it has joined. */
  async join(): Promise<number> {
    const number = this.stage.machines.length;
    this.stage.join();
    await this.until('a node to join', () => this.stage.nodes.some(({ machine }) => machine.number === number));
    return number;
  }

  /** A node neither hears nor is heard on the bus, and is not told. */
  offBus(node: number): void {
    this.stage.weather.cutOff.add(node);
  }

  /** Nothing passes between a node and the tier. */
  cut(node: number): void {
    this.#link(node).isCut = true;
  }

  mend(node: number): void {
    Object.assign(this.#link(node), { isCut: false, upSinceMs: this.nowMs });
  }

  answersTake(node: number, answerMs: readonly [number, number]): void {
    this.#link(node).answerMs = answerMs;
  }

  /** A node's calls of this name to the tier fail. */
  fail(node: number, name: keyof Tier): void {
    this.#failing.set(node, name);
  }

  /**
   * The replica takes over without what was committed since `lostFromMs`; the nodes that are deceived go on talking to
   * the old primary.
   */
  async failOver(
    server: 'control' | 'data',
    given: { readonly lostFromMs: number; readonly deceived?: readonly number[] },
  ): Promise<void> {
    const { lostFromMs, deceived = [] } = given;
    this.stage.servers[server === 'control' ? 0 : 1].failOver(this.nowMs - lostFromMs, deceived);
    const fault = { atMs: this.nowMs, what: `${server} server fails over`, server, lostFromMs, untilMs: this.nowMs };
    this.history.fault(fault);
    // What is asked next is asked of the new primary.
    await this.run(1);
  }

  async judge(): Promise<Played['violations']> {
    this.#failing.clear();
    heal(this.stage);
    await this.run(CALM_MS);
    const { history } = this;
    const nodes = this.stage.nodes.filter(isAlive);
    return [
      ...(await converge(this.#world, { history, workload: this.#workload, nodes, shared: true })),
      ...check(history, checkOptions),
    ];
  }

  #link(node: number): Stage['links'][number] {
    return this.stage.links[node] as Stage['links'][number];
  }

  #front(tier: Tier, node: number): Tier {
    return new Proxy(tier, {
      get: (target, name) => {
        if (this.#failing.get(node) === name) return () => Promise.reject(new TierUnavailableError('no answer'));
        const member = Reflect.get(target, name, target) as unknown;
        return typeof member === 'function' ? member.bind(target) : member;
      },
    });
  }
}
