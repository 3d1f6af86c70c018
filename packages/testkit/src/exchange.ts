import { connect } from 'node:net';

/** One short conversation with a server on loopback. */
export interface Exchange {
  readonly port: number;
  /** Sent as soon as the connection is open; empty: the server speaks first. */
  readonly send: string;
  /** Whether all that was received so far is the whole answer. */
  readonly isComplete: (received: string) => boolean;
  readonly timeoutMs: number;
}

/** Connects, sends, and answers what came back; undefined when nobody listens or no whole answer comes in time. */
export async function exchange(options: Exchange): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  let received = '';
  const socket = connect({ host: '127.0.0.1', port: options.port });
  socket.setTimeout(options.timeoutMs, () => socket.destroy());
  socket.on('connect', () => {
    if (options.send !== '') {
      socket.write(options.send);
    }
  });
  socket.on('data', (chunk) => {
    received += chunk.toString('latin1');
    if (options.isComplete(received)) {
      resolve(received);
      socket.destroy();
    }
  });
  socket.on('error', () => undefined);
  socket.on('close', () => resolve(undefined));
  return promise;
}
