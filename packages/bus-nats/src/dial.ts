import { AsyncLocalStorage } from 'node:async_hooks';
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { Socket } from 'node:net';

/** Node publishes every client socket here, in the turn and the async context that opens it. */
const CHANNEL = 'net.client.socket';

/** Tells the sockets of one dial from everyone else's. */
const dials = new AsyncLocalStorage<object>();

/**
 * Connects so that nothing stays open when that fails or is aborted.
 *
 * nats.js keeps the socket of a handshake that timed out, and takes no abort signal: against a server that accepts
 * connections but does not speak, each attempt would leave a socket behind, and a process could not end. So the sockets
 * that `connect` opens are noted, and destroyed: all of them on failure, and at once on abort, which makes it fail.
 */
export async function dial<T>(connect: () => Promise<T>, signal: AbortSignal): Promise<T> {
  const dialing = {};
  const sockets: Socket[] = [];
  const note = (message: unknown): void => {
    if (dials.getStore() !== dialing) {
      return;
    }
    const { socket } = message as { readonly socket: Socket };
    sockets.push(socket);
    if (signal.aborted) {
      // Not in this turn: nats.js has yet to listen for the socket's end.
      process.nextTick(() => socket.destroy());
    }
  };
  const destroyAll = (): void => {
    for (const socket of sockets) {
      socket.destroy();
    }
  };
  subscribe(CHANNEL, note);
  signal.addEventListener('abort', destroyAll, { once: true });
  try {
    const connected = await dials.run(dialing, connect);
    // Of the addresses tried before the one that answered, those still waiting for TCP are left.
    for (const socket of sockets.filter(({ connecting }) => connecting)) {
      socket.destroy();
    }
    return connected;
  } catch (error) {
    destroyAll();
    throw error;
  } finally {
    signal.removeEventListener('abort', destroyAll);
    unsubscribe(CHANNEL, note);
  }
}
