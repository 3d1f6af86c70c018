import type { DrainConfig } from '@lockstep/config';
import type { Logger } from 'pino';

/** How long a node may take to close, once nothing is under way or its time is over; then the process ends all the same. */
const CLOSE_MS = 5_500;
/** Of that, how long telemetry may be sent for once the node has left. */
const TELEMETRY_MS = 1_500;

/** A node as its shutdown sees it. */
export interface Stoppable {
  /** Says that it is leaving, and goes on answering. */
  readonly leave: () => void;
  /** Takes no more connections; resolves when requests under way have ended. */
  readonly drain: () => Promise<void>;
  /** Ends what is still under way, leaves the cluster, and closes everything. */
  readonly close: () => Promise<void>;
}

/** How the process is ended; the process's own, but for tests. */
export interface ShutdownOptions extends DrainConfig {
  readonly logger: Logger;
  readonly exit: (code: number) => void;
  /** Sends the telemetry that there is, and ends it; undefined: there is none. It may hang. */
  readonly endTelemetry?: (() => Promise<void>) | undefined;
}

/** What a shutdown came to. */
export type ShutdownOutcome = 'clean' | 'forced';

/**
 * Ends a node on SIGTERM or SIGINT, and the process with it, at the latest 5.5 s after the times that it has to drain. SIGINT
 * is a person's, who waits for no proxy: the port closes at once. A second signal ends the process at once.
 */
export function onSignals(node: Stoppable, options: ShutdownOptions): void {
  const { logger, exit, endTelemetry, delayMs, timeoutMs } = options;
  let leaving = false;
  const leave = (signal: NodeJS.Signals): void => {
    if (leaving) {
      logger.warn({ signal }, 'a second signal: ends at once');
      exit(signal === 'SIGINT' ? 130 : 143);
      return;
    }
    leaving = true;
    const times = { delayMs: signal === 'SIGINT' ? 0 : delayMs, timeoutMs };
    logger.info({ signal, ...times }, 'leaving');
    void leaveAll(times);
  };
  const leaveAll = async (times: DrainConfig): Promise<void> => {
    const closeMs = endTelemetry === undefined ? CLOSE_MS : CLOSE_MS - TELEMETRY_MS;
    const outcome = await shutDown(node, times, closeMs).catch((error: unknown) => {
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

/**
 * Has the node say that it is leaving, and after `delayMs` drains it for at most `timeoutMs`, and closes whatever came of
 * that, for at most `closeMs` and what is left of the other. Rejects with what either rejects with.
 */
export async function shutDown(
  node: Stoppable,
  { delayMs, timeoutMs }: DrainConfig,
  closeMs: number = CLOSE_MS,
): Promise<ShutdownOutcome> {
  node.leave();
  if (delayMs > 0) await new Promise((resolve) => setTimeout(resolve, delayMs));
  const startedMs = performance.now();
  const drained = within(node.drain(), timeoutMs);
  await drained.catch(() => undefined);
  const outcome = await within(node.close(), timeoutMs + closeMs - (performance.now() - startedMs));
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
