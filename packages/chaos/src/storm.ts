import { setTimeout as delay } from 'node:timers/promises';
import type { History, Prng } from '@lockstep/simulator';
import type { ChaosProxy, RunningServer } from '@lockstep/testkit';
import type { FleetNode } from './fleet.ts';
import type { FAILOVERS, FaultKind, NODE_FAULTS, PlannedFault, SERVER_FAULTS } from './plan.ts';
import type { ChaosTier } from './tier.ts';

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

/** What befalls one node, each resolving when it is over. */
const ON_NODE: Readonly<Record<(typeof NODE_FAULTS)[number], (node: FleetNode, ms: number) => Promise<void>>> = {
  kill: (node) => node.kill(),
  freeze: async (node, ms) => {
    node.signal('SIGSTOP');
    await delay(ms);
    node.signal('SIGCONT');
  },
  'tier cut': ({ tier }, ms) => during(tier, ms, () => tier.cut()),
  'tier stalls': ({ tier }, ms) => during(tier, ms, () => tier.stall()),
  'tier answers stall': ({ tier }, ms) => during(tier, ms, () => tier.stall('down')),
  'tier is slow': ({ tier }, ms) => during(tier, ms, () => tier.delay(ms / 10)),
  'tier connection breaks': async ({ tier }) => tier.reset(),
  'bus cut': ({ bus }, ms) => during(bus, ms, () => bus.cut()),
  'bus stalls': ({ bus }, ms) => during(bus, ms, () => bus.stall()),
  'bus is slow': ({ bus }, ms) => during(bus, ms, () => bus.delay(ms / 10)),
};

type ServerFault = (typeof SERVER_FAULTS)[number] | (typeof FAILOVERS)[number];

/** What befalls the servers, each resolving when it is over. */
const ON_SERVERS: Readonly<Record<ServerFault, (scene: ChaosScene, ms: number) => Promise<void>>> = {
  'bus frozen': async ({ bus }, ms) => {
    bus.pause();
    await delay(ms);
    bus.resume();
  },
  'bus killed': async ({ bus }, ms) => {
    await bus.kill();
    await delay(ms);
    await bus.restart();
  },
  'tier frozen': ({ tier }, ms) => tier.freeze(Math.min(ms, SHORT_FREEZE_MS_MAX)),
  'tier clients killed': ({ tier }) => tier.tell('CLIENT KILL TYPE normal'),
  'tier flushed': ({ tier }) => tier.tell('FLUSHALL'),
  'tier scripts flushed': ({ tier }) => tier.tell('SCRIPT FLUSH'),
  'primary killed': ({ tier }) => tier.kill(),
  'primary frozen': ({ tier }, ms) => tier.freeze(ms),
  failover: ({ tier }) => tier.failOver(),
};

/** Lets a fault happen, and records it; resolves when it is over. */
export async function befall(scene: ChaosScene, { kind, forMs, node: fraction }: PlannedFault): Promise<void> {
  const { history, nodes, nowMs } = scene;
  if (!isNodeFault(kind)) {
    history.fault({ atMs: nowMs(), what: kind });
    return ON_SERVERS[kind](scene, forMs);
  }
  const alive = nodes.filter(({ isAlive }) => isAlive);
  const node = alive[Math.floor(fraction * alive.length)];
  if (node === undefined) return;
  history.fault({ atMs: nowMs(), what: `node ${node.number}: ${kind}` });
  await ON_NODE[kind](node, forMs);
  if (!node.isAlive) await scene.startNode();
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
  scene.history.fault({ atMs: seenMs, what: 'tier moved', lostFromMs: seenMs - LOST_BEFORE_MS, untilMs });
  scene.nodes.forEach((node, index) => {
    void delay(delaysMs[index]).then(() => node.tier.retarget(primary.url));
  });
}
