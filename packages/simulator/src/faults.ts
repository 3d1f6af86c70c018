import type { TierLink, TierServer } from '@lockstep/testing/world';
import { BUS_LATE_MS_MAX } from '@lockstep/testing/world';
import type { Fault } from './history.ts';
import type { Stage } from './stage.ts';

type FaultMaker = (stage: Stage) => Omit<Fault, 'atMs'>;

/** The kinds of faults, each made anew from the world's randomness. */
const FAULTS: Readonly<Record<string, FaultMaker>> = {
  'bus loses': (stage) => onBus(stage, 'bus loses', (on) => (stage.weather.lost = on ? 0.5 : 0)),
  'bus repeats': (stage) => onBus(stage, 'bus repeats', (on) => (stage.weather.repeated = on ? 0.5 : 0)),
  'bus is late': (stage) => {
    const late = onBus(stage, 'bus is late', (on) => (stage.weather.late = on ? 0.5 : 0));
    return { ...late, busLateMs: BUS_LATE_MS_MAX };
  },
  'node off the bus': (stage) => {
    const { number } = stage.world.random.pick(stage.machines);
    const { cutOff } = stage.weather;
    return onBus(stage, `node ${number} off the bus`, (on) => (on ? cutOff.add(number) : cutOff.delete(number)));
  },
  'tier loses requests': (stage) => onLink(stage, 'requests lost', (link, on) => (link.lost = on ? 0.3 : 0)),
  'tier answers get lost': (stage) => onLink(stage, 'answers lost', (link, on) => (link.unanswered = on ? 0.3 : 0)),
  'tier answers slowly': (stage) => {
    const [least, most] = stage.world.random.chance(0.5) ? [150, 245] : [1, 50];
    return onLink(stage, 'answers are slow', (link, on) => {
      link.answerMs = on ? [least, most] : link.latencyMs;
    });
  },
  'tier runs requests late': (stage) => onLink(stage, 'requests run late', (link, on) => (link.late = on ? 0.3 : 0)),
  'tier cut off': (stage) => {
    const cut = onLink(stage, 'tier cut off', (link, on) => {
      link.isCut = on;
      if (!on) link.upSinceMs = stage.world.nowMs;
    });
    return { ...cut, cutOff: cut.node };
  },
  'node paused': (stage) => {
    const machine = stage.world.random.pick(stage.machines);
    const ms = stage.world.random.between(100, 5_000);
    machine.pause(ms);
    return { what: `node ${machine.number} paused for ${ms.toFixed(0)} ms`, untilMs: stage.world.nowMs + ms };
  },
  'machine suspended': (stage) => {
    const machine = stage.world.random.pick(stage.machines);
    const ms = stage.world.random.between(100, 5_000);
    machine.suspend(ms);
    const untilMs = stage.world.nowMs + ms;
    return { what: `machine ${machine.number} suspended for ${ms.toFixed(0)} ms`, untilMs };
  },
  'node clock jumps': (stage) => {
    const machine = stage.world.random.pick(stage.machines);
    machine.jump(stage.world.random.between(10, 10_000));
    return { what: `clock of node ${machine.number} jumps` };
  },
  flush: (stage) => {
    const server = stage.world.random.pick(stage.servers);
    server.flush();
    return { what: `${nameOf(stage, server)} server flushed`, server: nameOf(stage, server), flushed: true };
  },
  failover: (stage) => {
    const { world, machines, servers } = stage;
    const server = world.random.pick(servers);
    const lagMs = world.random.between(0, 300);
    const isolationMs = world.random.between(0, 1_500);
    const deceived = machines.filter(() => world.random.chance(0.4)).map(({ number }) => number);
    server.failOver(lagMs, deceived);
    world.after(isolationMs, () => server.endIsolation());
    const lostFromMs = world.nowMs - lagMs - 1;
    const name = nameOf(stage, server);
    return { what: `${name} server fails over`, server: name, lostFromMs, untilMs: world.nowMs + isolationMs };
  },
  'server down': (stage) => {
    const server = stage.world.random.pick(stage.servers);
    const name = nameOf(stage, server);
    const down = during(stage, `${name} server down`, (on) => {
      server.isDown = on;
    });
    return { ...down, server: name, cutOff: 'all' };
  },
  eviction: (stage) => {
    for (const server of stage.servers) server.evictSome(0.5);
    return { what: 'entries evicted' };
  },
  'tier clock steps': (stage) => {
    const server = stage.world.random.pick(stage.servers);
    server.stepClock(stage.world.random.between(1, 2_000));
    return { what: `clock of the ${nameOf(stage, server)} server steps forward` };
  },
  'node crashes': (stage) => {
    const machine = stage.world.random.pick(stage.machines);
    machine.crashed = true;
    joinLater(stage);
    return { what: `node ${machine.number} crashes`, crashed: machine.number };
  },
  'node leaves': (stage) => {
    const { number } = stage.world.random.pick(stage.machines);
    stage.leave(number);
    joinLater(stage);
    return { what: `node ${number} leaves` };
  },
};

export const FAULT_KINDS: readonly string[] = Object.keys(FAULTS);
/** Those that disturb nothing but the bus. */
export const BUS_FAULT_KINDS: readonly string[] = ['bus loses', 'bus repeats', 'bus is late', 'node off the bus'];

/** Lets a fault happen now, and records it. */
export function befall(stage: Stage, kind: string): void {
  const maker = FAULTS[kind];
  if (maker === undefined) throw new Error(`no such fault: ${kind}`);
  stage.history.fault({ atMs: stage.world.nowMs, ...maker(stage) });
}

/** Ends every fault that lasts. */
export function heal({ world, history, links, weather, servers }: Stage): void {
  history.calmFromMs = world.nowMs;
  for (const link of links) {
    if (link.isCut) link.upSinceMs = world.nowMs;
    Object.assign(link, { answerMs: link.latencyMs, lost: 0, unanswered: 0, late: 0, isCut: false });
  }
  for (const server of servers) {
    server.isDown = false;
    server.endIsolation();
  }
  Object.assign(weather, { lost: 0, repeated: 0, late: 0 });
  weather.cutOff.clear();
}

function joinLater(stage: Stage): void {
  stage.world.after(stage.world.random.between(0, 2_000), () => stage.join());
}

function during(
  stage: Stage,
  what: string,
  set: (on: boolean) => unknown,
): { readonly what: string; readonly untilMs: number } {
  const ms = stage.world.random.between(50, 4_000);
  set(true);
  stage.world.after(ms, () => set(false));
  return { what: `${what} for ${ms.toFixed(0)} ms`, untilMs: stage.world.nowMs + ms };
}

function onBus(
  stage: Stage,
  what: string,
  set: (on: boolean) => unknown,
): ReturnType<typeof during> & { readonly busAlone: true } {
  return { ...during(stage, what, set), busAlone: true };
}

function nameOf({ servers }: Stage, server: TierServer): 'control' | 'data' {
  return servers.indexOf(server) === 0 ? 'control' : 'data';
}

function onLink(
  stage: Stage,
  what: string,
  set: (link: TierLink, on: boolean) => unknown,
): ReturnType<typeof during> & { readonly node: number } {
  const number = Math.floor(stage.world.random.fraction() * stage.links.length);
  const link = stage.links[number] as TierLink;
  return { ...during(stage, `node ${number}: ${what}`, (on) => set(link, on)), node: number };
}
