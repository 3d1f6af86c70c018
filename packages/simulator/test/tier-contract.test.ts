import { tierContract } from '@lockstep/testkit';
import { SimMachine } from '../src/sim-machine.ts';
import { SimTier } from '../src/sim-tier.ts';
import { TierServer } from '../src/tier-server.ts';
import { World } from '../src/world.ts';

/** The simulated tier passes what the real one passes: else what is shown with it says nothing about that one. */
tierContract(async () => {
  const world = new World(1);
  const server = new TierServer(world);
  const latencyMs = [0.05, 0.2] as const;
  const link = { latencyMs, answerMs: latencyMs, lost: 0, unanswered: 0, late: 0, isCut: false, upSinceMs: 0 };
  let isOpen = true;
  const pump = (async () => {
    while (isOpen) await world.run(world.nowMs + 1);
  })();
  return {
    join: async () => {
      return new SimTier(world, new SimMachine(world, { number: 0, rate: 1 }), { control: server, data: server, link });
    },
    loseEverything: async () => server.flush(),
    evict: async ({ partition, keyId }) => server.evict(partition, keyId),
    passTime: (ms) => new Promise((resolve) => void world.after(ms + 1, resolve)),
    close: async () => {
      isOpen = false;
      await pump;
    },
  };
});
