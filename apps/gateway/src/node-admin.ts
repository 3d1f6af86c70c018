import { randomBytes } from 'node:crypto';
import type { Lockstep } from '@lockstep/cache';
import type { GatewayConfig } from '@lockstep/config';
import type { Journal } from '@lockstep/core';
import { AuditTrail, MemoryJournal } from '@lockstep/gateway-cache';
import type { Logger } from 'pino';
import { AdminServer } from './admin/admin-server.ts';
import { AdminCaches } from './admin/caches.ts';
import { NodeReports } from './admin/node-reports.ts';
import { cacheLogger } from './log.ts';
import type { GatewayServices } from './mcp/services.ts';
import { VERSION } from './version.ts';

/** How often audit records that wait for the tier are tried again. */
const FLUSH_MS = 1_000;

/** What a node's administration is made of. */
export interface NodeAdminOptions {
  readonly config: GatewayConfig;
  readonly lockstep: Lockstep;
  /** Where the audit trail is kept; undefined: in this process's memory. */
  readonly journal: Journal | undefined;
  readonly logger: Logger;
}

/** The administration of a node: the audit trail, what the node says of itself in the cluster, and the admin API. */
export class NodeAdmin {
  readonly audit: AuditTrail;
  readonly #options: NodeAdminOptions;
  readonly #reports: NodeReports;
  readonly #flushing: NodeJS.Timeout;
  #server: AdminServer | undefined;

  constructor(options: NodeAdminOptions) {
    const { config, lockstep, journal = new MemoryJournal(), logger } = options;
    this.#options = options;
    this.audit = new AuditTrail({
      journal,
      secret: config.cluster?.secret ?? randomBytes(32).toString('hex'),
      node: lockstep.nodeId,
      wallClock: () => new Date().toISOString(),
      logger: cacheLogger(logger),
    });
    this.#reports = new NodeReports(lockstep, logger);
    this.#flushing = setInterval(() => {
      if (this.audit.pending > 0) void this.audit.flush();
    }, FLUSH_MS).unref();
  }

  /** Says how the node is from now on, and listens; answers where, undefined where there are no tokens. */
  async start(services: GatewayServices, url: string): Promise<string | undefined> {
    const { config, lockstep, logger } = this.#options;
    const caches = new AdminCaches(lockstep, services);
    this.#server = new AdminServer({ config: config.admin, caches, reports: this.#reports, logger });
    const adminUrl = await this.#server.start();
    const { maxStalenessMs: stalenessBoundMs } = config;
    this.#reports.start({ url, version: VERSION, stalenessBoundMs, namespaces: caches.namespaces });
    return adminUrl;
  }

  /** Takes no more requests, and ends the streams; resolves when those under way are answered. */
  async drain(): Promise<void> {
    await this.#server?.drain();
  }

  /** Before the node leaves the cluster: writes down what waits, if the tier answers. */
  async leave(): Promise<void> {
    clearInterval(this.#flushing);
    this.#reports.stop();
    if (await this.audit.flush()) return;
    this.#options.logger.warn({ records: this.audit.pending }, 'audit records could not be written, and are lost');
  }

  /** Ends what is still under way. */
  close(): void {
    this.#server?.close();
  }
}
