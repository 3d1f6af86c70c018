import type { Terminal } from '../terminal.ts';
import { visible } from './visible.ts';

const ERASE_LINE = '\r\u001b[K';

/** One line on the standard error that says how far a command is; only where that is a terminal. */
export class Progress {
  readonly #stream: Terminal['stderr'];
  #isShown = false;

  constructor({ stderr }: Terminal) {
    this.#stream = stderr;
  }

  show(text: string): void {
    if (this.#stream.isTTY !== true) return;
    this.#stream.write(`${ERASE_LINE}${visible(text)}`);
    this.#isShown = true;
  }

  /** Takes the line away: before anything else is written, and at the end. */
  clear(): void {
    if (this.#isShown) this.#stream.write(ERASE_LINE);
    this.#isShown = false;
  }
}
