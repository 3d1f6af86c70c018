import { reasonOf, within } from './waiting.ts';

interface Step {
  readonly what: string;
  readonly close: () => unknown;
  readonly boundMs: number;
}

const BOUND_MS = 15_000;

/** Ends what was started, newest first. A step that fails or hangs does not keep the others from their turn. */
export class Closing {
  readonly #steps: Step[] = [];
  #running: Promise<readonly string[]> | undefined;

  /** Adds a step; `what` goes on from "could not …". */
  add(what: string, close: () => unknown, boundMs: number = BOUND_MS): void {
    this.#steps.push({ what, close, boundMs });
  }

  /** Takes every step once; answers what went wrong, in words. */
  async run(): Promise<readonly string[]> {
    this.#running ??= this.#takeSteps();
    return this.#running;
  }

  async #takeSteps(): Promise<readonly string[]> {
    const problems: string[] = [];
    for (let step = this.#steps.pop(); step !== undefined; step = this.#steps.pop()) {
      const { what, close, boundMs } = step;
      try {
        await within(Promise.resolve(close()), boundMs);
      } catch (error) {
        problems.push(`could not ${what}: ${reasonOf(error)}`);
      }
    }
    return problems;
  }
}
