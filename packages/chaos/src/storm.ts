import { setTimeout as delay } from 'node:timers/promises';
import type { Fault, History } from '@lockstep/simulator';
import type { Prng } from '@lockstep/testing/world';
import type { ChaosProxy, RunningServer } from '@lockstep/testkit';
import type { FleetNode } from './fleet.ts';
import type { FAILOVERS, FaultKind, NODE_FAULTS, PlannedFault, SERVER_FAULTS } from './plan.ts';
import type { ChaosTier, Outage } from './tier.ts';

/** A frozen primary is left asleep for so long that the sentinels replace it, or it is woken before they do. */
const SHORT_FREEZE_MS_MAX = 350;
/** How long a node may go on talking to an isolated primary. */
const DECEIVED_MS_MAX = 1_200;
/** What was committed so long before a failover was seen may have been lost in it. */
const LOST_BEFORE_MS = 3_500;
const LOST_AFTER_MS = 500;

/** Everything that faults can befall. */
export interface ChaosScene {
  readonly tier: ChaosTier;
  readonly bus: RunningServer;
  readonly nodes: FleetNode[];
  readonly history: History;
  readonly random: Prng;
  readonly nowMs: () => number;
  /** Starts a node in the place of one that was killed. */
  readonly startNode: () => Promise<void>;
}

type NodeFault = (typeof NODE_FAULTS)[number];

/** How long a fault shall last, and what is written down about it. */
interface Course {
  readonly ms: number;
  readonly fault: Fault;
}

/** A node, and the course of what befalls it. */
interface Struck extends Course {
  readonly node: FleetNode;
}

/** What befalls one node, each resolving when it is over. */
const ON_NODE: Readonly<Record<NodeFault, (scene: ChaosScene, struck: Struck) => Promise<void>>> = {
  kill: (_, { node }) => node.kill(),
  freeze: async (_, { node, ms }) => {
    node.signal('SIGSTOP');
    await delay(ms);
    node.signal('SIGCONT');
  },
  'tier cut': (scene, struck) => offTier(scene, struck, (tier) => tier.cut()),
  'tier stalls': (scene, struck) => offTier(scene, struck, (tier) => tier.stall()),
  'tier answers stall': (scene, struck) => offTier(scene, struck, (tier) => tier.stall('down')),
  'tier is slow': async (scene, { node, ms }) => {
    node.tier.delay(ms / 10);
    await delay(ms);
    restoreTier(scene, node);
  },
  'tier connection breaks': async (_, { node }) => node.tier.reset(),
  'bus cut': (_, { node, ms }) => during(node.bus, ms, () => node.bus.cut()),
  'bus stalls': (_, { node, ms }) => during(node.bus, ms, () => node.bus.stall()),
  'bus is slow': (_, { node, ms }) => during(node.bus, ms, () => node.bus.delay(ms / 10)),
};

type ServerFault = (typeof SERVER_FAULTS)[number] | (typeof FAILOVERS)[number];

/** What befalls the servers, each resolving when it is over. */
const ON_SERVERS: Readonly<Record<ServerFault, (scene: ChaosScene, course: Course) => Promise<void>>> = {
  'bus frozen': async ({ bus }, { ms }) => {
    bus.pause();
    await delay(ms);
    bus.resume();
  },
  'bus killed': async ({ bus }, { ms }) => {
    await bus.kill();
    await delay(ms);
    await bus.restart();
  },
  'tier frozen': (scene, { ms, fault }) => scene.tier.freeze(Math.min(ms, SHORT_FREEZE_MS_MAX), outageOf(scene, fault)),
  'tier clients killed': async ({ tier }) => void (await tier.tell('CLIENT KILL TYPE normal')),
  'tier flushed': flush,
  'tier scripts flushed': async ({ tier }) => void (await tier.tell('SCRIPT FLUSH')),
  'primary killed': (scene, { fault }) => scene.tier.kill(outageOf(scene, fault)),
  'primary frozen': (scene, { ms, fault }) => scene.tier.freeze(ms, outageOf(scene, fault)),
  failover: ({ tier }) => tier.failOver(),
};

/** Lets a fault happen, and records it; resolves when it is over. */
export async function befall(scene: ChaosScene, { kind, forMs, node: fraction }: PlannedFault): Promise<void> {
  const { history, nodes, nowMs } = scene;
  if (!isNodeFault(kind)) {
    return ON_SERVERS[kind](scene, { ms: forMs, fault: history.fault({ atMs: nowMs(), what: kind }) });
  }
  const alive = nodes.filter(({ isAlive }) => isAlive);
  const node = alive[Math.floor(fraction * alive.length)];
  if (node === undefined) return;
  const fault = history.fault({ atMs: nowMs(), what: `node ${node.number}: ${kind}` });
  await ON_NODE[kind](scene, { node, ms: forMs, fault });
  if (!node.isAlive) await scene.startNode();
}

/** Takes a node's way to the tier away: meanwhile it can prove nothing. */
async function offTier(scene: ChaosScene, struck: Struck, begin: (tier: ChaosProxy) => void): Promise<void> {
  const { node, ms, fault } = struck;
  begin(node.tier);
  Object.assign(fault, { atMs: scene.nowMs(), cutOff: node.number });
  await delay(ms);
  restoreTier(scene, node);
}

/** Gives a node's way to the tier back, whatever took it away. */
function restoreTier({ history, nowMs }: ChaosScene, node: FleetNode): void {
  endCuts(history, node.number, nowMs());
  node.tier.restore();
}

/** The cuts of this way, or all of them, end now. */
function endCuts({ faults }: History, cutOff: number | 'all', nowMs: number): void {
  for (const fault of faults) if (fault.cutOff === cutOff) fault.untilMs ??= nowMs;
}

/** Writes down when no node reaches the primary. */
function outageOf({ history, nowMs }: ChaosScene, fault: Fault): Outage {
  return {
    begins: () => void Object.assign(fault, { atMs: nowMs(), cutOff: 'all' }),
    ends: () => endCuts(history, 'all', nowMs()),
  };
}

/** Has the tier forget everything, if it answers: the moment is somewhere between question and answer. */
async function flush({ tier, nowMs }: ChaosScene, { fault }: Course): Promise<void> {
  const reply = await tier.tell('FLUSHALL');
  if (reply === '+OK\r\n') Object.assign(fault, { untilMs: nowMs(), flushed: true });
}

async function during(way: ChaosProxy, ms: number, begin: () => void): Promise<void> {
  begin();
  await delay(ms);
  way.restore();
}

function isNodeFault(kind: FaultKind): kind is (typeof NODE_FAULTS)[number] {
  return kind in ON_NODE;
}

/** Leads the nodes to the new primary, some of them later; what was committed around that time may be lost. */
export function follow(scene: ChaosScene, primary: RunningServer): void {
  const seenMs = scene.nowMs();
  const delaysMs = scene.nodes.map(() =>
    scene.tier.isIsolated && scene.random.chance(0.4) ? scene.random.between(0, DECEIVED_MS_MAX) : 0,
  );
  const untilMs = seenMs + Math.max(0, ...delaysMs) + LOST_AFTER_MS;
  const lostFromMs = seenMs - LOST_BEFORE_MS;
  endCuts(scene.history, 'all', seenMs);
  scene.history.fault({ atMs: seenMs, what: 'tier moved', lostFromMs, untilMs });
  scene.nodes.forEach((node, index) => {
    void delay(delaysMs[index]).then(() => node.tier.retarget(primary.url));
  });
}
