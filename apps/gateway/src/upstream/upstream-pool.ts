import type { GatewayDefinition, ServerDefinition, UpstreamConfig } from '@lockstep/config';
import type { Logger } from 'pino';
import { UpstreamServer } from './upstream-server.ts';

/** How long a connection may be without use. */
const IDLE_MS_MAX = 10 * 60_000;

/** What the pool needs. */
export interface UpstreamPoolOptions {
  readonly limits: UpstreamConfig;
  readonly logger: Logger;
  /** Called when a server says, outside a discovery, that its tools have changed. */
  readonly onToolsChanged: (gateway: GatewayDefinition, server: UpstreamServer) => void;
}

interface Pooled {
  readonly server: UpstreamServer;
  idleTimer: NodeJS.Timeout | undefined;
}

/**
 * The MCP servers in use, one connection for each server of each gateway: what one user's session holds is never seen
 * by another's. Bounded: the longest unused one makes room, and one unused for ten minutes goes.
 */
export class UpstreamPool {
  readonly #options: UpstreamPoolOptions;
  /** Least recently used first. */
  readonly #servers: Map<string, Pooled> = new Map();
  readonly #leaving: Set<Promise<void>> = new Set();

  constructor(options: UpstreamPoolOptions) {
    this.#options = options;
  }

  /** How many servers have a connection. */
  get connections(): number {
    return [...this.#servers.values()].filter(({ server }) => server.connected).length;
  }

  /** The server as this gateway uses it; connected when first used. */
  of(gateway: GatewayDefinition, definition: ServerDefinition): UpstreamServer {
    const key = JSON.stringify([gateway.id, definition.name, definition.fingerprint]);
    const pooled = this.#servers.get(key) ?? { server: this.#create(gateway, definition), idleTimer: undefined };
    this.#servers.delete(key);
    this.#servers.set(key, pooled);
    clearTimeout(pooled.idleTimer);
    pooled.idleTimer = setTimeout(() => this.#retire(key), IDLE_MS_MAX).unref();
    this.#makeRoom();
    return pooled.server;
  }

  /** Ends every connection. Bounded in time; never rejects. */
  async close(): Promise<void> {
    const servers = [...this.#servers.values()];
    this.#servers.clear();
    for (const { idleTimer } of servers) clearTimeout(idleTimer);
    await Promise.all([...servers.map(({ server }) => server.close()), ...this.#leaving]);
  }

  #create(gateway: GatewayDefinition, definition: ServerDefinition): UpstreamServer {
    const { limits, logger, onToolsChanged } = this.#options;
    return new UpstreamServer(definition, {
      limits,
      logger,
      onToolsChanged: (server) => onToolsChanged(gateway, server),
    });
  }

  #makeRoom(): void {
    for (const [key, { server }] of this.#servers) {
      if (this.#servers.size <= this.#options.limits.connectionsMax) return;
      if (server.idle) this.#retire(key);
    }
  }

  #retire(key: string): void {
    const pooled = this.#servers.get(key);
    if (pooled === undefined || !pooled.server.idle) return;
    this.#servers.delete(key);
    clearTimeout(pooled.idleTimer);
    const gone = pooled.server.close();
    this.#leaving.add(gone);
    void gone.finally(() => this.#leaving.delete(gone));
  }
}
