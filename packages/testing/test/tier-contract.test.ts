import { tierContract } from '@lockstep/testkit';
import { describe } from 'vitest';
import { SimMachine, SimTier, TierServer, World } from '../src/world/index.ts';

/** Ways that take their time, as in the simulation, and those without any that a test cluster has. */
const WAYS = {
  'with latencies': { latencyMs: [0.05, 0.2], answerMs: [0.05, 0.2], pauseMs: [0, 0.5] },
  'at once': { latencyMs: [0, 0], answerMs: [0, 0], pauseMs: [0, 0] },
} as const;

/** The simulated tier passes what the real one passes: else what is shown with it says nothing about that one. */
describe.each(Object.entries(WAYS))('%s', (_, way) =>
  tierContract(async () => {
    const world = new World(1);
    const server = new TierServer(world);
    const faults = { lost: 0, unanswered: 0, late: 0, isCut: false, isRefused: false };
    const link = { ...way, ...faults, upSinceMs: 0 };
    let isOpen = true;
    const passTime = (ms: number): Promise<void> => new Promise((resolve) => void world.after(ms + 1, resolve));
    let cutOffMs: number | undefined;
    const pump = (async () => {
      while (isOpen) await world.run(world.nowMs + 1);
    })();
    return {
      join: async () => {
        return new SimTier(world, new SimMachine(world, { number: 0, rate: 1 }), {
          control: server,
          data: server,
          link,
        });
      },
      loseEverything: async () => server.flush(),
      evict: async ({ partition, keyId }) => server.evict(partition, keyId),
      forgetScripts: async () => {},
      // Nobody's request is on its way, and the state of a server outlives it.
      restart: async () => {
        server.isDown = true;
        server.isDown = false;
      },
      cutOffReplica: async () => {
        cutOffMs = world.nowMs;
        await passTime(1);
      },
      failOver: async () => {
        server.failOver(world.nowMs - (cutOffMs ?? world.nowMs), []);
        server.endIsolation();
        cutOffMs = undefined;
      },
      passTime,
      close: async () => {
        isOpen = false;
        await pump;
      },
    };
  }),
);
