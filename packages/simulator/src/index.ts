// One seed, one schedule
export type { SimulationOptions } from './simulate.ts';
export { DEFAULT_OPTIONS, simulate } from './simulate.ts';
export type { Played } from './trace.ts';
export { traceOf } from './trace.ts';

// What is tested
export type { CheckOptions, Violation } from './checkers.ts';
export { check } from './checkers.ts';
export type { Answer, Call, CallKind, Fault, Origin } from './history.ts';
export { History, isExpire, isOfScope } from './history.ts';
export { FAULT_KINDS } from './faults.ts';

// The simulated world
export { Prng } from './prng.ts';
export { SimMachine } from './sim-machine.ts';
export type { TierLink } from './sim-tier.ts';
export { SimTier } from './sim-tier.ts';
export { TierServer } from './tier-server.ts';
export { World } from './world.ts';
