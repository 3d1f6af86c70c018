import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { AdminConfig } from '@lockstep/config';
import type { Logger } from 'pino';
import { createAdminApp } from './admin-app.ts';
import type { AdminCaches } from './caches.ts';
import { EventHub } from './event-hub.ts';
import type { NodeReports } from './node-reports.ts';

/** How long a client may take to send a request, and its head. */
const REQUEST_MS_MAX = 30_000;
const HEADERS_MS_MAX = 10_000;
const CONNECTIONS_MAX = 512;

/** What the admin API is made of. */
export interface AdminServerOptions {
  readonly config: AdminConfig;
  readonly caches: AdminCaches;
  readonly reports: NodeReports;
  readonly logger: Logger;
}

/** The admin API of a node, on a port of its own. It listens only where there are tokens. */
export class AdminServer {
  readonly #config: AdminConfig;
  readonly #logger: Logger;
  readonly #hub: EventHub;
  readonly #server: Server;
  #isDraining = false;

  constructor({ config, caches, reports, logger }: AdminServerOptions) {
    this.#config = config;
    this.#logger = logger;
    this.#hub = new EventHub(caches, reports);
    const { host, tokens } = config;
    const app = createAdminApp({
      ...{ caches, reports, hub: this.#hub, host, tokens, logger },
      isDraining: () => this.#isDraining,
      nowMs: () => performance.now(),
    });
    this.#server = createAdaptorServer({
      fetch: app.fetch,
      serverOptions: { requestTimeout: REQUEST_MS_MAX, headersTimeout: HEADERS_MS_MAX },
    }) as Server;
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /** Where it listens; undefined: it does not, because there is no token. Rejects where it cannot. */
  async start(): Promise<string | undefined> {
    const { host, port, tokens } = this.#config;
    if (tokens.length === 0) {
      this.#logger.info('the admin API is off: admin_tokens of the configuration has none');
      return undefined;
    }
    await new Promise<void>((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, resolve);
    });
    const { port: bound } = this.#server.address() as AddressInfo;
    const url = `http://${host.includes(':') ? `[${host}]` : host}:${bound}`;
    this.#logger.info({ url, tokens: tokens.length }, 'the admin API listens');
    return url;
  }

  /** Takes no more requests, and ends the streams; resolves when those under way are answered. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    this.#hub.end();
    if (!this.#server.listening) return;
    await new Promise<void>((resolve) => {
      this.#server.close(() => resolve());
      this.#server.closeIdleConnections();
    });
  }

  /** Ends what is still under way. */
  close(): void {
    this.#isDraining = true;
    this.#hub.end();
    this.#server.close();
    this.#server.closeAllConnections();
  }
}
