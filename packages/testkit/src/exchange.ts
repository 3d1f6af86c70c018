import { readFileSync } from 'node:fs';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';

/** The files of TLS towards a server on loopback: its authority, and the client's own certificate and key. */
export interface ExchangeTls {
  readonly caFile: string;
  readonly certFile: string;
  readonly keyFile: string;
}

/** One short conversation with a server on loopback. */
export interface Exchange {
  readonly port: number;
  /** Sent as soon as the connection is open; empty: the server speaks first. */
  readonly send: string;
  /** Whether all that was received so far is the whole answer. */
  readonly isComplete: (received: string) => boolean;
  readonly timeoutMs: number;
  /** Default: in clear. */
  readonly tls?: ExchangeTls | undefined;
}

/** Connects, sends, and answers what came back; undefined when nobody listens or no whole answer comes in time. */
export async function exchange(options: Exchange): Promise<string | undefined> {
  const { promise, resolve } = Promise.withResolvers<string | undefined>();
  let received = '';
  const { tls, port } = options;
  const at = { host: '127.0.0.1', port };
  const socket = tls === undefined ? connect(at) : connectTls({ ...at, ...filesOf(tls) });
  socket.setTimeout(options.timeoutMs, () => socket.destroy());
  socket.on(tls === undefined ? 'connect' : 'secureConnect', () => {
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

function filesOf({ caFile, certFile, keyFile }: ExchangeTls) {
  return { ca: readFileSync(caFile), cert: readFileSync(certFile), key: readFileSync(keyFile) };
}
