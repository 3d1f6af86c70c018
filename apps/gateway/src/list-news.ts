import type { NodeEvent } from '@lockstep/cache';

/** Many lists may change at once: clients hear of it a moment after the first, and once a second. */
const SETTLE_MS = 100;
const TELL_EVERY_MS = 1_000;

/**
 * Tells clients that listen that their tool list may be another one, after a clear or an expire of more than one key,
 * on whichever node it was made: so are a server's lists, a gateway and all there is cleared. Whose they are cannot be
 * told from the event, so that all are told, and ask; the answer is mostly near.
 */
export class ListNews {
  readonly #tell: () => void;
  #timer: NodeJS.Timeout | undefined;
  #toldMs: number = Number.NEGATIVE_INFINITY;

  constructor(tell: () => void) {
    this.#tell = tell;
  }

  /** An event that has taken effect on this node. */
  heard({ kind }: NodeEvent): void {
    const concernsLists = kind === 'clear-scope' || kind === 'expire-scope' || kind === 'reset';
    if (!concernsLists || this.#timer !== undefined) return;
    const delayMs = Math.max(SETTLE_MS, this.#toldMs + TELL_EVERY_MS - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.#toldMs = performance.now();
      this.#tell();
    }, delayMs).unref();
  }
}
