import { createHash } from 'node:crypto';
import type { Random } from '@lockstep/core';

/** Bytes of one fraction: 48 bits, which a double holds exactly. */
const FRACTION_BYTES = 6;

/** Randomness that is the same for the same seed, on every machine. */
export class FakeRandom implements Random {
  readonly #seed: string;
  #drawn = 0;

  constructor(seed: string | number = 1) {
    this.#seed = String(seed);
  }

  hex(bytes: number): string {
    return this.#draw(bytes).toString('hex');
  }

  fraction(): number {
    return this.#draw(FRACTION_BYTES).readUIntBE(0, FRACTION_BYTES) / 2 ** (8 * FRACTION_BYTES);
  }

  #draw(bytes: number): Buffer {
    this.#drawn += 1;
    return createHash('shake256', { outputLength: bytes }).update(`${this.#seed}:${this.#drawn}`).digest();
  }
}
