import { setTimeout as delay } from 'node:timers/promises';
import type { Bus, BusListener } from '@lockstep/core';
import { NatsLink } from './nats-link.ts';
import type { NatsBusConfig, NatsBusOptions } from './options.ts';
import { parseNatsOptions } from './options.ts';
import { within } from './within.ts';

/** The first wait after a loss; each further failure doubles it. */
const RECONNECT_DELAY_MIN_MS = 25;
/** How long `close` waits for the server to take what was published. */
const FLUSH_ON_CLOSE_MS = 1_500;
/** How long `close` then waits for an attempt to connect to let go of what it holds. */
const STOP_ON_CLOSE_MS = 500;

/** What a bus has done since it was made; the numbers only rise. */
export interface NatsBusStats {
  /** Messages given to a connection; nobody knows whether they arrived. */
  readonly published: number;
  /** Messages not sent: there was no connection, too much was on its way, or the server takes none so large. */
  readonly dropped: number;
  readonly received: number;
  /** Connections after the first one. */
  readonly reconnects: number;
}

/**
 * Makes a bus over NATS, which connects in the background, and again for ever when the connection is lost.
 *
 * Throws a `ConfigError` for options that no bus can have; a server that is away is no error.
 */
export function connectNats(options: NatsBusOptions): NatsBus {
  return new NatsBus(parseNatsOptions(options));
}

/** The invalidation bus over NATS; made by {@link connectNats}. */
export class NatsBus implements Bus {
  readonly #config: NatsBusConfig;
  readonly #stats = { published: 0, dropped: 0, received: 0, reconnects: 0 };
  readonly #stopping = new AbortController();
  readonly #running: Promise<void>;
  #listener: BusListener | undefined;
  #link: NatsLink | undefined;
  #hasConnected = false;
  /** Why the bus cannot be reached, once that has been said; undefined while it can be. */
  #outage: string | undefined;
  #gossiped: readonly string[] = [];
  #closing: Promise<void> | undefined;

  constructor(config: NatsBusConfig) {
    this.#config = config;
    this.#running = this.#run();
  }

  get connected(): boolean {
    return this.#closing === undefined && this.#link !== undefined && !this.#link.isCongested;
  }

  get stats(): NatsBusStats {
    return this.#stats;
  }

  listen(listener: BusListener): void {
    this.#listener = listener;
    const outage = this.#outage;
    if (outage !== undefined) {
      this.#tell((told) => told.interrupted(outage));
    }
  }

  publish(message: Uint8Array): void {
    const link = this.#closing === undefined ? this.#link : undefined;
    try {
      if (link?.publish(message) === true) {
        this.#stats.published += 1;
        return;
      }
    } catch (error) {
      this.#config.logger?.warn('a bus message could not be sent', { error, bytes: message.length });
    }
    this.#stats.dropped += 1;
  }

  async close(): Promise<void> {
    this.#closing ??= this.#close();
    await this.#closing;
  }

  async #run(): Promise<void> {
    let failures = 0;
    while (this.#closing === undefined) {
      let servedMs = 0;
      try {
        servedMs = await this.#serve();
      } catch (error) {
        this.#interrupt((error as Error).message);
      }
      // A link that is lost soon, such as at the first publish for want of a permission, was no success.
      failures = servedMs > this.#config.reconnectDelayMaxMs ? 0 : failures + 1;
      await this.#pause(failures);
    }
  }

  /** Opens a link and waits for its loss; answers how long it served, in milliseconds. Rejects when none can be opened. */
  async #serve(): Promise<number> {
    const link = await NatsLink.open({
      config: this.#config,
      gossiped: this.#gossiped,
      signal: this.#stopping.signal,
      listener: {
        message: (bytes) => this.#receive(bytes),
        congested: (reason) => this.#interrupt(reason),
        relieved: () => this.#restore(),
      },
    });
    if (this.#closing !== undefined) {
      await link.close();
      return 0;
    }
    const startMs = performance.now();
    this.#link = link;
    this.#stats.reconnects += this.#hasConnected ? 1 : 0;
    this.#hasConnected = true;
    this.#config.logger?.info('the bus is connected', { servers: this.#config.servers });
    this.#restore();
    const reason = await link.lost;
    this.#link = undefined;
    this.#gossiped = link.gossiped;
    this.#interrupt(reason);
    await link.close();
    return performance.now() - startMs;
  }

  async #pause(failures: number): Promise<void> {
    const longestMs = Math.min(RECONNECT_DELAY_MIN_MS * 2 ** Math.min(failures, 20), this.#config.reconnectDelayMaxMs);
    // Half of it is chance, so that the nodes do not all come back to a restarted server at the same instant.
    const delayMs = longestMs * (0.5 + Math.random() / 2);
    await delay(delayMs, undefined, { signal: this.#stopping.signal }).catch(() => undefined);
  }

  #receive(bytes: Uint8Array): void {
    if (this.#closing === undefined) {
      this.#stats.received += 1;
      this.#tell((listener) => listener.message(bytes));
    }
  }

  #interrupt(reason: string): void {
    if (this.#closing !== undefined || this.#outage === reason) {
      return;
    }
    this.#outage = reason;
    this.#config.logger?.warn('the bus is interrupted', { reason, servers: this.#config.servers });
    this.#tell((listener) => listener.interrupted(reason));
  }

  #restore(): void {
    if (this.#closing === undefined && this.#outage !== undefined) {
      this.#outage = undefined;
      this.#tell((listener) => listener.restored());
    }
  }

  /** A listener's error would end nats.js's reading, in silence. */
  #tell(what: (listener: BusListener) => void): void {
    try {
      if (this.#listener !== undefined) {
        what(this.#listener);
      }
    } catch (error) {
      this.#config.logger?.error('the bus listener failed', { error });
    }
  }

  async #close(): Promise<void> {
    const link = this.#link;
    if (link !== undefined) {
      await within(link.flush(), FLUSH_ON_CLOSE_MS, undefined);
    }
    this.#stopping.abort();
    await link?.close();
    await within(this.#running, STOP_ON_CLOSE_MS, undefined);
  }
}
