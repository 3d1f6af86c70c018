import type { Lockstep } from '@lockstep/cache';
import type { SimMachine } from './world/sim-machine.ts';

/** One node of a test cluster: a process of its own, as far as the others can tell. */
export class TestNode {
  readonly lockstep: Lockstep;
  /** Counts from 0, in the order in which nodes were added. */
  readonly number: number;
  readonly #machine: SimMachine;
  readonly #crash: () => void;

  constructor(lockstep: Lockstep, machine: SimMachine, crash: () => void) {
    this.lockstep = lockstep;
    this.number = machine.number;
    this.#machine = machine;
    this.#crash = crash;
  }

  /**
   * Stops what reaches the node, as SIGSTOP does: neither timers, nor messages, nor the tier's answers, until `resume`.
   * Time goes on. What it is asked meanwhile is asked of a process that hears nothing.
   */
  pause(): void {
    this.#machine.pause(Number.POSITIVE_INFINITY);
  }

  resume(): void {
    this.#machine.resume();
  }

  /** Ends the node as `kill -9` does: it says goodbye to nobody, and what it was asked is never answered. */
  crash(): void {
    this.#crash();
  }
}
