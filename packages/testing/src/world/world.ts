import { nextTick } from 'node:process';
import { Prng } from './prng.ts';

/** The shortest time that passes: less would be lost in rounding, and a wait for it would never end. */
const RESOLUTION_MS = 1e-6;

interface Due {
  readonly atMs: number;
  /** Tells apart what is due at one instant: first come, first served. */
  readonly order: number;
  readonly run: () => void;
  cancelled: boolean;
}

/** The true time of one simulation, and all that is still to happen in it. */
export class World {
  readonly random: Prng;
  readonly #due: Due[] = [];
  #nowMs = 0;
  #scheduled = 0;

  readonly #isPrompt: boolean;
  #isPrompted = false;

  /** `isPrompt`: what is due without delay happens by itself, without a `run`. */
  constructor(seed: number, { isPrompt = false }: { readonly isPrompt?: boolean } = {}) {
    this.random = new Prng(seed);
    this.#isPrompt = isPrompt;
  }

  /** True time, in ms since the simulation began. */
  get nowMs(): number {
    return this.#nowMs;
  }

  /** Calls `run` after `delayMs` of true time; answers a function that cancels it. */
  after(delayMs: number, run: () => void): () => void {
    const waitMs = delayMs <= 0 ? 0 : Math.max(delayMs, RESOLUTION_MS);
    const due: Due = { atMs: this.#nowMs + waitMs, order: this.#scheduled++, run, cancelled: false };
    this.#push(due);
    if (this.#isPrompt && waitMs === 0) this.#prompt();
    return () => {
      due.cancelled = true;
    };
  }

  /** Lets everything happen that is due up to `untilMs`, each with all the promises that it settles. */
  async run(untilMs: number): Promise<void> {
    await settle();
    for (let next = this.#due[0]; next !== undefined && next.atMs <= untilMs; next = this.#due[0]) {
      this.#pop();
      if (next.cancelled) continue;
      this.#nowMs = Math.max(this.#nowMs, next.atMs);
      next.run();
      await settle();
    }
    this.#nowMs = Math.max(this.#nowMs, untilMs);
  }

  /** Whether something is due by now. */
  get isBusy(): boolean {
    const [next] = this.#due;
    return next !== undefined && next.atMs <= this.#nowMs;
  }

  /** Lets things happen until `holds` does; answers whether that came within `withinMs`. */
  async runUntil(holds: () => boolean, withinMs: number): Promise<boolean> {
    const untilMs = this.#nowMs + withinMs;
    await settle();
    for (let next = this.#due[0]; !holds() && next !== undefined && next.atMs <= untilMs; next = this.#due[0]) {
      await this.run(next.atMs);
    }
    return holds();
  }

  #prompt(): void {
    if (this.#isPrompted) return;
    this.#isPrompted = true;
    nextTick(() => {
      this.#isPrompted = false;
      void this.run(this.#nowMs);
    });
  }

  #push(due: Due): void {
    const heap = this.#due;
    let at = heap.push(due) - 1;
    while (at > 0) {
      const parent = (at - 1) >> 1;
      if (!isBefore(due, heap[parent] as Due)) break;
      heap[at] = heap[parent] as Due;
      at = parent;
    }
    heap[at] = due;
  }

  #pop(): void {
    const heap = this.#due;
    const last = heap.pop() as Due;
    if (heap.length === 0) return;
    let at = 0;
    for (;;) {
      let child = 2 * at + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && isBefore(heap[child + 1] as Due, heap[child] as Due)) child++;
      if (!isBefore(heap[child] as Due, last)) break;
      heap[at] = heap[child] as Due;
      at = child;
    }
    heap[at] = last;
  }
}

function isBefore(one: Due, other: Due): boolean {
  return one.atMs < other.atMs || (one.atMs === other.atMs && one.order < other.order);
}

/**
 * Resolves when every promise that is ready, and all that become ready by it, have run their callbacks: called from
 * one, the next tick comes after the last of them.
 */
function settle(): Promise<void> {
  return new Promise((resolve) => nextTick(resolve));
}
