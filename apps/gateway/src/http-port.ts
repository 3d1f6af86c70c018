import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import type { HttpBindings } from '@hono/node-server';
import { createAdaptorServer } from '@hono/node-server';

/** How long a client may take to send a request, and its head; looked at so often. */
const REQUEST_MS_MAX = 30_000;
const HEADERS_MS_MAX = 10_000;
const LOOK_MS = 5_000;
/** Longer than the minute for which proxies keep an idle connection: one that they use again is not closed under them. */
const KEEP_ALIVE_MS = 65_000;
/** Once the port has closed, how long a connection that has not asked yet, or was answered after that, may ask once more. */
const LAST_REQUEST_MS = 1_000;
/** Connections beyond those that requests may take: always some of them are idle, and make room for the next. */
const SPARE_CONNECTIONS = 64;

/** What a port is made of. */
export interface HttpPortOptions {
  readonly fetch: (request: Request, env: HttpBindings) => Response | Promise<Response>;
  /** How many requests are answered at once; the next is told to come again. */
  readonly requestsMax: number;
  /** Paths that are answered however many requests there are. */
  readonly probes?: readonly string[];
  /** What a request beyond `requestsMax` is answered, as JSON, with 503. */
  readonly busy: object;
}

/**
 * A TCP port that answers HTTP. It is never deaf: where as many connections are open as there may be, the one that has
 * been without a request for the longest time makes room for the next.
 */
export class HttpPort {
  readonly #server: Server;
  readonly #connectionsMax: number;
  readonly #open: Set<ServerResponse> = new Set();
  /** How many requests are under way on a connection: those that are sent without waiting are more than one. */
  readonly #underWay: WeakMap<Socket, number> = new WeakMap();
  readonly #waiting: Set<() => void> = new Set();
  /** Connections without a request under way, longest ago first. */
  readonly #idle: Set<Socket> = new Set();
  #connections = 0;
  #isLeaving = false;

  constructor({ fetch, requestsMax, probes = [], busy }: HttpPortOptions) {
    this.#connectionsMax = requestsMax + SPARE_CONNECTIONS;
    const isAdmitted = ({ url = '' }: IncomingMessage): boolean =>
      this.#open.size <= requestsMax || probes.includes(url);
    this.#server = createAdaptorServer({
      fetch: (request, env) => {
        const bindings = env as HttpBindings;
        return isAdmitted(bindings.incoming) ? fetch(request, bindings) : refused(busy);
      },
      // Of a request that names none: checks of proxies speak HTTP/1.0.
      hostname: 'localhost',
      serverOptions: {
        requestTimeout: REQUEST_MS_MAX,
        headersTimeout: HEADERS_MS_MAX,
        connectionsCheckingInterval: LOOK_MS,
        keepAliveTimeout: KEEP_ALIVE_MS,
      },
    }) as Server;
    this.#server.on('connection', (socket) => this.#connected(socket));
    this.#server.prependListener('request', (request, response) => this.#asked(request.socket, response));
  }

  /** Listens; answers where. Rejects where it cannot. */
  async listen(port: number, host: string): Promise<string> {
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, resolve);
    });
    const { port: bound } = this.#server.address() as AddressInfo;
    return `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
  }

  /** Goes on, but each answer from now on is the last one on its connection. */
  leave(): void {
    this.#isLeaving = true;
    for (const response of this.#open) response.shouldKeepAlive = false;
  }

  /** Takes no more connections; resolves when every request is answered and its connection closed. */
  async drain(): Promise<void> {
    this.leave();
    if (!this.#server.listening) return;
    this.#server.keepAliveTimeout = LAST_REQUEST_MS;
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    // Those that have not asked for anything yet.
    const timer = setTimeout(() => {
      for (const socket of this.#idle) socket.destroy();
    }, LAST_REQUEST_MS);
    await closed;
    clearTimeout(timer);
  }

  /** Resolves once every answer is out or its client is gone; after `timeoutMs` at the latest. */
  async ended(timeoutMs: number): Promise<void> {
    if (this.#open.size === 0) return;
    await new Promise<void>((resolve) => {
      const end = (): void => {
        clearTimeout(timer);
        this.#waiting.delete(end);
        resolve();
      };
      const timer = setTimeout(end, timeoutMs);
      this.#waiting.add(end);
    });
  }

  /** Takes no more connections, and ends those there are. */
  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  #connected(socket: Socket): void {
    this.#connections++;
    this.#idle.add(socket);
    socket.once('close', () => {
      this.#connections--;
      this.#idle.delete(socket);
    });
    if (this.#connections <= this.#connectionsMax) return;
    const [oldest = socket] = this.#idle;
    this.#idle.delete(oldest);
    oldest.destroy();
  }

  #asked(socket: Socket, response: ServerResponse): void {
    this.#idle.delete(socket);
    this.#open.add(response);
    this.#underWay.set(socket, (this.#underWay.get(socket) ?? 0) + 1);
    if (this.#isLeaving) response.shouldKeepAlive = false;
    response.once('close', () => {
      this.#open.delete(response);
      const left = (this.#underWay.get(socket) ?? 1) - 1;
      this.#underWay.set(socket, left);
      if (left === 0 && !socket.destroyed) this.#idle.add(socket);
      if (this.#open.size > 0) return;
      for (const wake of this.#waiting) wake();
    });
  }
}

function refused(busy: object): Response {
  return Response.json(busy, { status: 503, headers: { Connection: 'close', 'Retry-After': '1' } });
}
