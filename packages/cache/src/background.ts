import type { Logger } from '@lockstep/core';
import { detached } from '@lockstep/telemetry';

/** Why work goes on that nobody awaits. */
export type BackgroundReason =
  | 'audit'
  | 'heartbeat'
  | 'refresh'
  | 'release-lease'
  | 'replay-clears'
  | 'watch-members'
  | 'leave';

/** Work that a node that closes waits for: mostly work that nobody else awaits, which reports its own failures. */
export class Background {
  readonly #logger: Logger;
  readonly #running: Set<Promise<void>> = new Set();

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  run(reason: BackgroundReason, work: () => Promise<unknown>): void {
    this.#add(
      detached(work).then(
        () => {},
        (error: unknown) => this.#logger.warn(`background work failed: ${reason}`, { error: String(error) }),
      ),
    );
  }

  /** Work that its caller awaits, and that a node that closes lets end all the same; answers it as it is. */
  hold<R>(work: Promise<R>): Promise<R> {
    this.#add(work.then(noop, noop));
    return work;
  }

  /** Resolves when everything that runs now has ended. */
  async drain(): Promise<void> {
    await Promise.all(this.#running);
  }

  #add(running: Promise<void>): void {
    this.#running.add(running);
    void running.finally(() => this.#running.delete(running));
  }
}

function noop(): void {}
