import type { GatewayDefinition, ServerDefinition, UpstreamConfig } from '@lockstep/config';
import type { Logger } from 'pino';
import type { AccessTokens } from '../oauth/access-tokens.ts';
import { UpstreamError } from './upstream-error.ts';
import { UpstreamServer } from './upstream-server.ts';

/** How long a connection may be without use. */
const IDLE_MS_MAX = 10 * 60_000;

/** What the pool needs. */
export interface UpstreamPoolOptions {
  readonly limits: UpstreamConfig;
  readonly logger: Logger;
  readonly tokens: AccessTokens;
  /** Called when a server says, outside a discovery, that its tools have changed. */
  readonly onToolsChanged: (gateway: GatewayDefinition, server: UpstreamServer) => void;
}

interface Pooled {
  readonly server: UpstreamServer;
  idleTimer: NodeJS.Timeout | undefined;
}

/**
 * The MCP servers in use, one connection for each server of each gateway: what one user's session holds is never seen
 * by another's. Bounded: the one that was idle for longest makes room, and one unused for ten minutes goes.
 */
export class UpstreamPool {
  readonly #options: UpstreamPoolOptions;
  /** Least recently used first. */
  readonly #servers: Map<string, Pooled> = new Map();
  readonly #leaving: Set<Promise<void>> = new Set();
  #closed = false;

  constructor(options: UpstreamPoolOptions) {
    this.#options = options;
  }

  /** How many servers have a connection. */
  get connections(): number {
    return [...this.#servers.values()].filter(({ server }) => server.connected).length;
  }

  /** How many requests to servers are under way. */
  get running(): number {
    return [...this.#servers.values()].reduce((sum, { server }) => sum + server.running, 0);
  }

  /**
   * The server as this gateway uses it; connected when first used. Throws `busy` when the pool is full of busy ones,
   * `closed` after `close`.
   */
  of(gateway: GatewayDefinition, definition: ServerDefinition): UpstreamServer {
    if (this.#closed) throw new UpstreamError('closed', 'this node is closing');
    const key = JSON.stringify([gateway.id, definition.name, definition.fingerprint]);
    const pooled = this.#servers.get(key) ?? this.#add(key, gateway, definition);
    this.#servers.delete(key);
    this.#servers.set(key, pooled);
    this.#watchIdle(key, pooled);
    return pooled.server;
  }

  /** Ends every connection; requests under way reject with `closed` at once. Bounded in time; never rejects. */
  async close(): Promise<void> {
    this.#closed = true;
    const servers = [...this.#servers.values()];
    this.#servers.clear();
    for (const { idleTimer } of servers) clearTimeout(idleTimer);
    await Promise.all([...servers.map(({ server }) => server.close()), ...this.#leaving]);
  }

  #add(key: string, gateway: GatewayDefinition, definition: ServerDefinition): Pooled {
    const { limits, logger, tokens: ofServers, onToolsChanged } = this.#options;
    if (this.#servers.size >= limits.connectionsMax) this.#makeRoom();
    const tokens = ofServers.of(gateway.configId, definition);
    const onChanged = (server: UpstreamServer): void => onToolsChanged(gateway, server);
    const server = new UpstreamServer(definition, { limits, logger, tokens, onToolsChanged: onChanged });
    const pooled: Pooled = { server, idleTimer: undefined };
    this.#servers.set(key, pooled);
    return pooled;
  }

  #makeRoom(): void {
    const idle = [...this.#servers].find(([, { server }]) => server.idle);
    if (idle === undefined) throw new UpstreamError('busy', 'too many MCP servers are in use on this node');
    this.#retire(...idle);
  }

  #watchIdle(key: string, pooled: Pooled): void {
    clearTimeout(pooled.idleTimer);
    pooled.idleTimer = setTimeout(() => {
      if (pooled.server.idle) this.#retire(key, pooled);
      else this.#watchIdle(key, pooled);
    }, IDLE_MS_MAX).unref();
  }

  #retire(key: string, { server, idleTimer }: Pooled): void {
    this.#servers.delete(key);
    clearTimeout(idleTimer);
    const gone = server.close();
    this.#leaving.add(gone);
    void gone.finally(() => this.#leaving.delete(gone));
  }
}
