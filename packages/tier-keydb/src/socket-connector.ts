import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import type { RedisOptions } from 'ioredis';
import { AbstractConnector } from 'ioredis';

/** How long a connection that is left may take to end, where the client does not say. */
const DISCONNECT_MS = 200;

/**
 * Makes the client's sockets, and hears every error of theirs. Of a TLS handshake that fails there may be two, the own one
 * and the server's alert; ioredis listens for one, and another one that nobody hears ends the process.
 */
export class SocketConnector extends AbstractConnector {
  readonly #options: RedisOptions;

  /** Takes the client's `RedisOptions`. */
  constructor(options: unknown) {
    const given = options as RedisOptions;
    super(given.disconnectTimeout ?? DISCONNECT_MS);
    this.#options = given;
  }

  override async connect(): Promise<Socket> {
    this.connecting = true;
    const { host, port, tls } = this.#options;
    const at = { host: host ?? 'localhost', port: port ?? 0 };
    // The copy reads the files of the certificates anew.
    const socket = tls === undefined ? connect(at) : connectTls({ ...at, ...tls });
    this.stream = socket;
    socket.on('error', (error) => {
      this.firstError ??= error;
    });
    return socket;
  }
}
