import { setTimeout as delay } from 'node:timers/promises';
import type { Nodes } from '@lockstep/admin-api';
import { AdminError } from '@lockstep/admin-client';
import { adminFailure } from '../command-error.ts';
import type { NodeConnection } from '../connection.ts';
import { followEvents, isPassing } from '../follow-events.ts';
import type { Board, Moment } from './board.ts';

/** A node that does not answer in this time is shown as lost. */
const ANSWER_MS_MAX = 3_000;

/** What keeps a board up to date. */
export interface FeedOptions {
  readonly board: Board;
  readonly intervalMs: number;
  readonly signal: AbortSignal;
  /** Called when the board has heard an event. */
  readonly heard: () => void;
}

/** Follows one node for ever: what it says every so often, and its events. Rejects with what no further try would change. */
export async function feed(
  connection: NodeConnection,
  { board, intervalMs, signal, heard }: FeedOptions,
): Promise<never> {
  const { url } = connection;
  const events = followEvents(connection, {
    signal,
    isPatient: true,
    heard: (event) => {
      board.heard(url, event, now());
      heard();
    },
    lost: () => board.unheard(url),
  });
  const numbers = async (): Promise<never> => {
    while (true) {
      await delay(intervalMs, undefined, { signal });
      await ask(connection, board, signal);
    }
  };
  return Promise.race([events, numbers()]);
}

/** Asks a node once for what the board shows; answers why it does not say. Rejects with what no further try would change. */
export async function ask({ client, url }: NodeConnection, board: Board, signal: AbortSignal): Promise<unknown> {
  const call = { signal, timeoutMs: ANSWER_MS_MAX };
  try {
    const answer = await client.nodes(call).catch(async (error: unknown) => {
      if (!(error instanceof AdminError) || error.code !== 'tier-unavailable') throw error;
      return ownOf(await client.status(call));
    });
    board.answered(url, { isWhole: true, ...answer }, now());
    return undefined;
  } catch (error) {
    signal.throwIfAborted();
    if (!isPassing(error)) throw error;
    board.failed(url, adminFailure(error, url).message);
    return error;
  }
}

/** What a node that cannot ask the tier says of itself alone. */
function ownOf({
  node,
  namespaces,
}: Awaited<ReturnType<NodeConnection['client']['status']>>): Nodes & { isWhole: false } {
  const { id, ...report } = node;
  const near = Object.fromEntries(Object.entries(namespaces).map(([name, view]) => [name, view.near]));
  return { isWhole: false, nodes: [{ id, isSelf: true, report: { ...report, positions: [], near } }] };
}

function now(): Moment {
  return { atMs: performance.now(), at: new Date().toISOString() };
}
