import type { AdminErrorBody } from '@lockstep/admin-api';
import type { AdminConfig } from '@lockstep/config';
import type { Logger } from 'pino';
import { HttpPort } from '../http-port.ts';
import { createAdminApp } from './admin-app.ts';
import type { AdminCaches } from './caches.ts';
import { EventHub } from './event-hub.ts';
import type { NodeReports } from './node-reports.ts';

/** How many requests, readers of events included, are under way at once. */
const REQUESTS_MAX = 512;
const BUSY: AdminErrorBody = {
  error: { code: 'busy', message: `${REQUESTS_MAX} requests are under way already`, retryAfterSeconds: 1 },
};

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
  readonly #port: HttpPort;
  #isDraining = false;

  constructor({ config, caches, reports, logger }: AdminServerOptions) {
    this.#config = config;
    this.#logger = logger;
    this.#hub = new EventHub(caches, reports);
    const { host, hosts, tokens } = config;
    const app = createAdminApp({
      ...{ caches, reports, hub: this.#hub, hosts: [host, ...hosts], tokens, logger },
      isDraining: () => this.#isDraining,
      nowMs: () => performance.now(),
    });
    this.#port = new HttpPort({ fetch: app.fetch, requestsMax: REQUESTS_MAX, busy: BUSY });
  }

  /** Where it listens; undefined: it does not, because there is no token. Rejects where it cannot. */
  async start(): Promise<string | undefined> {
    const { host, port, tokens } = this.#config;
    if (tokens.length === 0) {
      this.#logger.info('the admin API is off: admin_tokens of the configuration has none');
      return undefined;
    }
    const url = await this.#port.listen(port, host);
    this.#logger.info({ url, tokens: tokens.length }, 'the admin API listens');
    return url;
  }

  /** Takes no more requests, and ends the streams; resolves when those under way are answered. */
  async drain(): Promise<void> {
    this.#isDraining = true;
    this.#hub.end();
    await this.#port.drain();
  }

  /** Ends what is still under way. */
  close(): void {
    this.#isDraining = true;
    this.#hub.end();
    this.#port.close();
  }
}
