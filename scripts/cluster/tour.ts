import { elapsed, reasonOf } from './waiting.ts';

/** Someone who keeps a log: what a failed fact may have left in it is shown with the fact. */
export interface Witness {
  readonly name: string;
  /** How much there is in the log. */
  readonly written: number;
  /** The last lines of what was written since `written` was `from`. */
  lastLines(count: number, from: number): string;
}

const LINES_PER_WITNESS = 12;

/** A list of facts, each shown to hold or not, one line each. */
export class Tour {
  readonly #signal: AbortSignal;
  /** Whose logs are looked into when a fact fails. */
  witnesses: readonly Witness[] = [];
  #held = 0;
  #failed = 0;
  #skipped = 0;

  /** When the signal is aborted the tour ends with its reason, in the middle of a fact. */
  constructor(signal: AbortSignal) {
    this.#signal = signal;
  }

  get failed(): number {
    return this.#failed;
  }

  /** Shows one fact: it holds when `show` resolves, with a figure to tell or without; answers whether it does. */
  async fact(what: string, show: () => Promise<string | undefined>): Promise<boolean> {
    const since = performance.now();
    const marks = this.witnesses.map((witness) => ({ witness, from: witness.written }));
    try {
      const figure = await this.#orStop(show());
      console.log(`ok      ${elapsed(since).padStart(8)}  ${what}${figure === undefined ? '' : ` (${figure})`}`);
      this.#held++;
      return true;
    } catch (error) {
      this.#signal.throwIfAborted();
      console.log(`FAILED  ${elapsed(since).padStart(8)}  ${what}: ${reasonOf(error)}`);
      for (const { witness, from } of marks) {
        if (witness.written > from) console.log(`${witness.name}:\n${witness.lastLines(LINES_PER_WITNESS, from)}`);
      }
      this.#failed++;
      return false;
    }
  }

  /** Says why a fact is not shown. */
  skip(what: string, why: string): void {
    console.log(`skipped           ${what}: ${why}`);
    this.#skipped++;
  }

  /** The result in one line. */
  summary(): string {
    const skipped = this.#skipped === 0 ? '' : `, ${this.#skipped} skipped`;
    return this.#failed === 0
      ? `check: ok, ${this.#held} facts hold${skipped}`
      : `check: FAILED, ${this.#failed} of ${this.#held + this.#failed} facts do not hold${skipped}`;
  }

  async #orStop<T>(work: Promise<T>): Promise<T> {
    const stopped = Promise.withResolvers<never>();
    const stop = (): void => stopped.reject(this.#signal.reason);
    this.#signal.addEventListener('abort', stop, { once: true });
    try {
      this.#signal.throwIfAborted();
      return await Promise.race([work, stopped.promise]);
    } finally {
      this.#signal.removeEventListener('abort', stop);
    }
  }
}
