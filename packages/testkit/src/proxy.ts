import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';

/** Options of {@link startProxy}. */
export interface ProxyOptions {
  /** Where connections lead: a URL such as `redis://127.0.0.1:7001`, or anything else with a host and a port. */
  readonly target: string | { readonly host: string; readonly port: number };
}

/** Which way bytes go: `up` to the target, `down` from it. */
export type Direction = 'up' | 'down' | 'both';

/**
 * A TCP proxy on a loopback port that takes a server away from its clients, and gives it back, while the server lives on.
 */
export interface ChaosProxy {
  /** The target's URL with the proxy's host and port; without a URL `tcp://host:port`. */
  readonly url: string;
  readonly host: string;
  readonly port: number;
  /** How many connections are open through it. */
  readonly connections: number;
  /** Breaks every connection (RST) and every new one at once, until `restore`. */
  cut(): void;
  /** Breaks every connection; new ones are served. */
  reset(): void;
  /** Keeps connections open and takes new ones, but forwards nothing in this direction, until `restore`. Default: both. */
  stall(direction?: Direction): void;
  /** Forwards everything this much later, in both directions; 0 ends it. */
  delay(ms: number): void;
  /** Breaks every connection; new ones lead to this server, as when a name is moved to another. */
  retarget(target: ProxyOptions['target']): void;
  /** Ends all faults; what was stalled goes on its way. */
  restore(): void;
  /** Breaks every connection and stops listening. */
  close(): Promise<void>;
}

/** Starts a proxy in front of a server. */
export async function startProxy(options: ProxyOptions): Promise<ChaosProxy> {
  const { promise, resolve, reject } = Promise.withResolvers<ChaosProxy>();
  const server = createServer({ allowHalfOpen: true });
  server.once('error', reject);
  server.listen(0, '127.0.0.1', () => {
    server.off('error', reject);
    resolve(new TcpProxy(server, options.target));
  });
  return promise;
}

class TcpProxy implements ChaosProxy {
  readonly host = '127.0.0.1';
  readonly port: number;
  readonly url: string;
  readonly #server: Server;
  #target: { readonly host: string; readonly port: number };
  readonly #pairs = new Set<Pair>();
  #isCut = false;
  #stalled: Direction | undefined;
  #delayMs = 0;

  constructor(server: Server, target: ProxyOptions['target']) {
    const url = urlOf(target);
    this.#target = { host: url.hostname, port: Number(url.port) };
    this.port = (server.address() as AddressInfo).port;
    url.hostname = this.host;
    url.port = String(this.port);
    this.url = url.href;
    this.#server = server;
    server.on('connection', (client) => this.#accept(client));
  }

  get connections(): number {
    return this.#pairs.size;
  }

  cut(): void {
    this.#isCut = true;
    this.reset();
  }

  reset(): void {
    for (const pair of this.#pairs) {
      pair.break();
    }
  }

  stall(direction: Direction = 'both'): void {
    this.#stalled = direction;
    this.#apply();
  }

  delay(ms: number): void {
    this.#delayMs = ms;
    this.#apply();
  }

  retarget(target: ProxyOptions['target']): void {
    const { hostname, port } = urlOf(target);
    this.#target = { host: hostname, port: Number(port) };
    this.reset();
  }

  restore(): void {
    this.#isCut = false;
    this.#stalled = undefined;
    this.#delayMs = 0;
    this.#apply();
  }

  async close(): Promise<void> {
    this.reset();
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#server.close(() => resolve());
    await promise;
  }

  #accept(client: Socket): void {
    if (this.#isCut) {
      client.on('error', () => undefined);
      client.resetAndDestroy();
      return;
    }
    const pair = new Pair(client, connect({ ...this.#target, allowHalfOpen: true }), () => this.#pairs.delete(pair));
    this.#pairs.add(pair);
    this.#apply();
  }

  #apply(): void {
    for (const pair of this.#pairs) {
      pair.up.set(this.#stalled === 'up' || this.#stalled === 'both', this.#delayMs);
      pair.down.set(this.#stalled === 'down' || this.#stalled === 'both', this.#delayMs);
    }
  }
}

function urlOf(target: ProxyOptions['target']): URL {
  return new URL(typeof target === 'string' ? target : `tcp://${target.host}:${target.port}`);
}

/** A client's connection and the one to the target that belongs to it. */
class Pair {
  readonly up: Pipe;
  readonly down: Pipe;
  readonly #sockets: readonly Socket[];

  constructor(client: Socket, target: Socket, onEnd: () => void) {
    this.#sockets = [client, target];
    this.up = new Pipe(client, target);
    this.down = new Pipe(target, client);
    for (const socket of this.#sockets) {
      socket.setNoDelay(true);
      socket.on('error', () => undefined);
      socket.on('close', (hadError) => {
        onEnd();
        if (hadError) {
          this.break();
        } else {
          this.end();
        }
      });
    }
  }

  end(): void {
    for (const socket of this.#sockets) {
      socket.destroy();
    }
  }

  break(): void {
    for (const socket of this.#sockets) {
      if (socket.connecting) {
        socket.destroy();
      } else {
        socket.resetAndDestroy();
      }
    }
  }
}

/** Forwards one direction of a connection, later or not at all. */
class Pipe {
  readonly #from: Socket;
  readonly #to: Socket;
  /** What is on its way, oldest first; an empty chunk stands for the end. */
  #queue: { readonly bytes: Buffer; readonly dueMs: number }[] = [];
  #isStalled = false;
  #delayMs = 0;
  #timer: NodeJS.Timeout | undefined;

  constructor(from: Socket, to: Socket) {
    this.#from = from;
    this.#to = to;
    from.on('data', (bytes) => this.#take(bytes));
    from.on('end', () => this.#take(Buffer.alloc(0)));
    to.on('drain', () => this.#flow());
    to.on('close', () => clearTimeout(this.#timer));
  }

  set(isStalled: boolean, delayMs: number): void {
    this.#isStalled = isStalled;
    this.#delayMs = delayMs;
    this.#flow();
    this.#forward();
  }

  #take(bytes: Buffer): void {
    this.#queue.push({ bytes, dueMs: performance.now() + this.#delayMs });
    this.#forward();
  }

  /** Does not read what it may not forward, so that the sender feels a stall as it would feel one of the network. */
  #flow(): void {
    if (this.#isStalled || this.#to.writableNeedDrain) {
      this.#from.pause();
    } else {
      this.#from.resume();
    }
  }

  #forward(): void {
    clearTimeout(this.#timer);
    while (!this.#isStalled && !this.#to.destroyed) {
      const next = this.#queue[0];
      if (next === undefined) {
        return;
      }
      const waitMs = this.#delayMs === 0 ? 0 : next.dueMs - performance.now();
      if (waitMs > 0) {
        this.#timer = setTimeout(() => this.#forward(), waitMs);
        return;
      }
      this.#queue.shift();
      if (next.bytes.length === 0) {
        this.#to.end();
      } else {
        this.#to.write(next.bytes);
        this.#flow();
      }
    }
  }
}
