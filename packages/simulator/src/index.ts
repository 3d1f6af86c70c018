// One seed, one schedule
export type { SimulationOptions } from './simulate.ts';
export { DEFAULT_OPTIONS, simulate } from './simulate.ts';
export type { Played } from './trace.ts';
export { traceOf } from './trace.ts';

// What is tested
export type { CheckOptions, Violation } from './checkers.ts';
export { check } from './checkers.ts';
export type { Answer, Call, CallKind, Fault, Origin } from './history.ts';
export { History, isOfScope } from './history.ts';
export { answerOf, invalidate, writeAnswer } from './client-calls.ts';
export { FAULT_KINDS } from './faults.ts';
