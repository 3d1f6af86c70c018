import { setTimeout as delay } from 'node:timers/promises';
import type { AdminEvent } from '@lockstep/admin-api';
import type { AdminClientErrorCode } from '@lockstep/admin-client';
import { AdminError } from '@lockstep/admin-client';
import { adminFailure } from './command-error.ts';
import type { NodeConnection } from './connection.ts';

/** The first wait after a loss, in ms; each further one is twice as long, up to the last. */
const RECONNECT_MS_MIN = 250;
const RECONNECT_MS_MAX = 10_000;

/** What a node, or the way to it, may fail with for a while, and will be back. */
const PASSING: ReadonlySet<AdminClientErrorCode> = new Set([
  ...(['broken-off', 'busy', 'draining', 'internal', 'rate-limited'] as const),
  ...(['tier-unavailable', 'timed-out', 'too-slow', 'unreachable'] as const),
]);

/** Whether what failed may be tried again as it was. */
export function isPassing(error: unknown): boolean {
  return error instanceof AdminError && PASSING.has(error.code);
}

/** Who hears of a node's events, and of how the connection to it is. */
export interface EventFollower {
  readonly signal: AbortSignal;
  readonly heard: (event: AdminEvent) => void;
  /** The connection was lost, and why; it is tried again. */
  readonly lost: (why: string) => void;
  /** It is there again. */
  readonly found?: () => void;
  /** Whether the first connection may fail and be tried again. Left out: no. */
  readonly isPatient?: true;
}

/**
 * Follows a node's events for ever, across losses. Rejects with what no further try would change, with the failure of the
 * first connection unless it is patient, and with the signal's reason.
 */
export async function followEvents({ client, url }: NodeConnection, follower: EventFollower): Promise<never> {
  const { signal, heard, lost, found, isPatient } = follower;
  let [mayFail, isLost, waitMs] = [isPatient === true, false, RECONNECT_MS_MIN];
  while (true) {
    let why = `${url} has ended the stream`;
    try {
      for await (const event of client.events({ signal })) {
        if (isLost) found?.();
        [mayFail, isLost, waitMs] = [true, false, RECONNECT_MS_MIN];
        heard(event);
      }
    } catch (error) {
      signal.throwIfAborted();
      // A wrong URL or token is told at once; what has worked comes back.
      if (!mayFail || !isPassing(error)) throw error;
      why = adminFailure(error, url).message;
    }
    isLost = true;
    lost(why);
    await delay(waitMs, undefined, { signal });
    waitMs = Math.min(2 * waitMs, RECONNECT_MS_MAX);
  }
}
