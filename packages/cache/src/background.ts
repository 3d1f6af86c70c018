import type { Logger } from '@lockstep/core';

/** Why work goes on that nobody awaits. */
export type BackgroundReason =
  | 'audit'
  | 'heartbeat'
  | 'refresh'
  | 'release-lease'
  | 'replay-clears'
  | 'watch-members'
  | 'leave';

/** Work that nobody awaits: it reports its own failures, and can be waited for when the node closes. */
export class Background {
  readonly #logger: Logger;
  readonly #running: Set<Promise<void>> = new Set();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  run(reason: BackgroundReason, work: () => Promise<unknown>): void {
    const running = work().then(
      () => {},
      (error: unknown) => this.#logger.warn(`background work failed: ${reason}`, { error: String(error) }),
    );
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }

  /** Resolves when everything that runs now has ended. */
  async drain(): Promise<void> {
    await Promise.all(this.#running);
  }
}
