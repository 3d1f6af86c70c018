// A simulated world of nodes, a tier and a bus: the test cluster is made of it, and so is the project's own simulation.
// It changes with that, without notice.
export { Prng } from './prng.ts';
export type { BusWeather } from './sim-bus.ts';
export { BUS_LATE_MS_MAX, SimBusNetwork } from './sim-bus.ts';
export { SimMachine } from './sim-machine.ts';
export type { TierLink } from './sim-tier.ts';
export { SimTier } from './sim-tier.ts';
export { TierServer } from './tier-server.ts';
export { World } from './world.ts';
