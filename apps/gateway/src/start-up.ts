import type { Lockstep } from '@lockstep/cache';
import type { Logger } from 'pino';
import type { Health } from './health.ts';

/** What a node starts up with. */
export interface StartUpOptions {
  readonly lockstep: Pick<Lockstep, 'coherence' | 'onCoherenceChange'>;
  readonly health: Pick<Health, 'starting' | 'started'>;
  /** Discovers the tools of the servers; undefined: nothing is preloaded. */
  readonly preload: (() => Promise<unknown>) | undefined;
  /** How long the cluster is waited for. */
  readonly patienceMs: number;
  readonly logger: Logger;
  /** Aborted when the node closes. */
  readonly closing: AbortSignal;
}

/**
 * Answers what begins the start-up of a node that listens: it waits for its cluster, preloads, and then has started. One that
 * finds its cluster at once says that it is not ready before it has preloaded; one that finds it later is serving by then,
 * and goes on. One that does not find it while its patience lasts has started all the same: when the tier is away for all,
 * a node that serves is better than none.
 */
export function startUp({ lockstep, health, preload, patienceMs, logger, closing }: StartUpOptions): () => void {
  health.starting = preload !== undefined && lockstep.coherence.state === 'coherent';
  const run = async (): Promise<void> => {
    // A node that has not found its cluster preloads nothing: each would ask every server for itself.
    if (await found(lockstep, AbortSignal.any([closing, AbortSignal.timeout(patienceMs)]))) await preload?.();
    else if (!closing.aborted) {
      const { reason } = lockstep.coherence;
      logger.warn({ patienceMs, reason }, 'this node has not found its cluster: it counts as started, and is degraded');
    }
  };
  return () =>
    void run().finally(() => {
      health.starting = false;
      health.started = true;
    });
}

/** Whether the node has found its cluster before that was given up. */
function found(lockstep: StartUpOptions['lockstep'], givenUp: AbortSignal): Promise<boolean> {
  if (lockstep.coherence.state === 'coherent') return Promise.resolve(true);
  return new Promise((resolve) => {
    const settle = (isFound: boolean): void => {
      ignore();
      givenUp.removeEventListener('abort', giveUp);
      resolve(isFound);
    };
    const giveUp = (): void => settle(false);
    const ignore = lockstep.onCoherenceChange(({ state }) => {
      if (state === 'coherent') settle(true);
    });
    if (givenUp.aborted) giveUp();
    else givenUp.addEventListener('abort', giveUp);
  });
}
