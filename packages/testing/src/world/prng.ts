import type { Random } from '@lockstep/core';

/** Randomness that a seed decides (sfc32): fast, and the same on every machine. */
export class Prng implements Random {
  readonly #state: Uint32Array;

  constructor(seed: number) {
    this.#state = new Uint32Array([seed, seed ^ 0x9e3779b9, 0x243f6a88, 1]);
    for (let round = 0; round < 12; round++) this.#next();
  }

  fraction(): number {
    return this.#next() / 0x1_0000_0000;
  }

  hex(bytes: number): string {
    let hex = '';
    while (hex.length < bytes * 2) hex += this.#next().toString(16).padStart(8, '0');
    return hex.slice(0, bytes * 2);
  }

  /** A number in [least, most). */
  between(least: number, most: number): number {
    return least + this.fraction() * (most - least);
  }

  /** Whether something happens that happens with this probability. */
  chance(probability: number): boolean {
    return this.fraction() < probability;
  }

  pick<T>(from: readonly T[]): T {
    return from[Math.floor(this.fraction() * from.length)] as T;
  }

  /** A seed for randomness of its own, so that one part's draws do not shift another's. */
  fork(): Prng {
    return new Prng(this.#next());
  }

  #next(): number {
    const state = this.#state as Uint32Array & [number, number, number, number];
    const sum = (state[0] + state[1] + state[3]) >>> 0;
    state[3] = state[3] + 1;
    state[0] = state[1] ^ (state[1] >>> 9);
    state[1] = (state[2] + (state[2] << 3)) >>> 0;
    state[2] = ((state[2] << 21) | (state[2] >>> 11)) + sum;
    return sum;
  }
}
