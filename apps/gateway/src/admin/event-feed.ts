import type { AdminEvent } from '@lockstep/admin-api';

/** The most events that wait for one reader. */
export const FEED_EVENTS_MAX = 1_000;

/** What one reader of events has not read yet. One who is too slow is told how many were left out. */
export class EventFeed {
  readonly #events: AdminEvent[] = [];
  #lost = 0;
  #wake: () => void = () => {};
  #isEnded = false;

  /** Adds an event; where as many as may wait do so, it is lost, and counted. */
  push(event: AdminEvent): void {
    if (this.#isEnded) return;
    if (this.#events.length < FEED_EVENTS_MAX) this.#events.push(event);
    else this.#lost++;
    this.#wake();
  }

  /** The reader gets what waits, and then the end. */
  end(): void {
    this.#isEnded = true;
    this.#wake();
  }

  /** The next event; `quiet`: none came for so long; undefined: the end. One reader at a time. */
  async next(quietMs: number): Promise<AdminEvent | 'quiet' | undefined> {
    if (this.#events.length === 0 && this.#lost === 0 && !this.#isEnded) await this.#arrival(quietMs);
    const event = this.#events.shift();
    if (event !== undefined) return event;
    if (this.#lost > 0) {
      const events = this.#lost;
      this.#lost = 0;
      return { type: 'lost', events };
    }
    return this.#isEnded ? undefined : 'quiet';
  }

  #arrival(quietMs: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        clearTimeout(timer);
        this.#wake = () => {};
        resolve();
      };
      const timer = setTimeout(wake, quietMs);
      this.#wake = wake;
    });
  }
}
