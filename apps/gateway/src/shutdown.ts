import type { Logger } from 'pino';

/** Requests under way may end for this long, and connections may for the rest; then the process ends all the same. */
const DRAIN_MS = 4_000;
const TOTAL_MS = 9_500;
/** Of that, how long telemetry may be sent for once the node has left. */
const TELEMETRY_MS = 1_500;

/** A node as its shutdown sees it. */
export interface Stoppable {
  /** Takes no more requests; resolves when those under way have ended. */
  readonly drain: () => Promise<void>;
  /** Ends what is still under way, leaves the cluster, and closes everything. */
  readonly close: () => Promise<void>;
}

/** How the process is ended; the process's own, but for tests. */
export interface ShutdownOptions {
  readonly logger: Logger;
  readonly exit: (code: number) => void;
  /** Sends the telemetry that there is, and ends it; undefined: there is none. It may hang. */
  readonly endTelemetry?: (() => Promise<void>) | undefined;
}

/** What a shutdown came to. */
export type ShutdownOutcome = 'clean' | 'forced';

/**
 * Ends a node on SIGTERM or SIGINT: no more requests, those under way for four seconds, then everything, and after
 * nine and a half seconds at the latest the process. A second signal ends it at once.
 */
export function onSignals(node: Stoppable, { logger, exit, endTelemetry }: ShutdownOptions): void {
  let leaving = false;
  const leave = (signal: NodeJS.Signals): void => {
    if (leaving) {
      logger.warn({ signal }, 'a second signal: ends at once');
      exit(signal === 'SIGINT' ? 130 : 143);
      return;
    }
    leaving = true;
    logger.info({ signal }, 'leaving');
    void leaveAll();
  };
  const leaveAll = async (): Promise<void> => {
    const totalMs = endTelemetry === undefined ? TOTAL_MS : TOTAL_MS - TELEMETRY_MS;
    const outcome = await shutDown(node, totalMs).catch((error: unknown) => {
      logger.error({ reason: error instanceof Error ? error.message : String(error) }, 'leaving failed');
      return 'failed' as const;
    });
    if (outcome === 'forced') logger.error('not everything ended in time');
    if (outcome === 'clean') logger.info('left');
    const sent = endTelemetry && (await within(endTelemetry(), TELEMETRY_MS));
    if (sent === 'forced') logger.warn('telemetry that could not be sent in time is lost');
    exit(outcome === 'clean' ? 0 : 1);
  };
  process.on('SIGTERM', leave);
  process.on('SIGINT', leave);
}

/** Drains, and closes whatever came of that, within the time there is. Rejects with what either rejects with. */
export async function shutDown(node: Stoppable, totalMs: number = TOTAL_MS): Promise<ShutdownOutcome> {
  const startedMs = performance.now();
  const drained = within(node.drain(), DRAIN_MS);
  await drained.catch(() => undefined);
  const outcome = await within(node.close(), totalMs - (performance.now() - startedMs));
  await drained;
  return outcome;
}

async function within(work: Promise<void>, ms: number): Promise<ShutdownOutcome> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<ShutdownOutcome>((resolve) => {
    timer = setTimeout(() => resolve('forced'), ms);
  });
  try {
    return await Promise.race([work.then(() => 'clean' as const), late]);
  } finally {
    clearTimeout(timer);
  }
}
