import { isDeepStrictEqual } from 'node:util';
import type { GatewayDefinition, ServerDefinition, StaticTool, UpstreamConfig } from '@lockstep/config';
import type { GatewayCache, ServerRef } from '@lockstep/gateway-cache';
import type { Tool } from '@modelcontextprotocol/client';
import { ExponentialBackoff, handleAll, retry } from 'cockatiel';
import type { Logger } from 'pino';
import type { UpstreamErrorCode } from './upstream/upstream-error.ts';
import { upstreamErrorIn } from './upstream/upstream-error.ts';
import type { UpstreamPool } from './upstream/upstream-pool.ts';
import type { UpstreamServer } from './upstream/upstream-server.ts';

/** How a clear that the tier could not commit is tried again: ten times, over about three minutes. */
const CLEAR_AGAIN = { maxAttempts: 10, backoff: new ExponentialBackoff({ initialDelay: 500, maxDelay: 30_000 }) };

/** A server's tools, and where they came from: the file, this node's near-cache, the tier, or the server itself. */
export interface FoundTools {
  readonly status: 'success';
  readonly tools: readonly Tool[];
  readonly source: 'config' | 'near' | 'tier' | 'origin';
  /** They stand in for a discovery that failed. */
  readonly stale: boolean;
  /** This node cannot vouch for them just now. */
  readonly degraded: boolean;
}

/** Why a server's tools cannot be told. */
export interface MissingTools {
  readonly status: 'error';
  readonly code: UpstreamErrorCode;
  readonly message: string;
}

/** The discovery goes on; its result will be in the cache. */
interface PendingTools {
  readonly status: 'pending';
}

export type ServerTools = FoundTools | MissingTools | PendingTools;

/** What the discovery works with. */
export interface DiscoveryOptions {
  readonly cache: GatewayCache<GatewayDefinition, Tool>;
  readonly pool: UpstreamPool;
  readonly limits: UpstreamConfig;
  readonly logger: Logger;
  /** Aborted when the node closes. */
  readonly closing: AbortSignal;
}

/** How often this node has asked one server for its tools because no cache had them. */
export interface DiscoveryCount {
  readonly discoveries: number;
  readonly failed: number;
}

/** Finds the tools of servers: in the file, in the caches, or from the servers. */
export class Discovery {
  readonly #options: DiscoveryOptions;
  /** How often a server said, outside a discovery, that its tools changed, and was heard. */
  changesHeard = 0;
  readonly #counts: Map<string, { discoveries: number; failed: number }> = new Map();

  constructor(options: DiscoveryOptions) {
    this.#options = options;
  }

  /** The tools of one server. Never rejects. */
  async find(gateway: GatewayDefinition, server: ServerDefinition): Promise<FoundTools | MissingTools> {
    if (server.tools !== undefined) return fromConfig(server.tools);
    const { cache } = this.#options;
    try {
      const found = await cache.tools(refOf(gateway, server), (signal) => this.#ask(gateway, server, signal));
      if (found.outcome === 'miss') return missing(server, undefined);
      const { source, stale, degraded } = found;
      return { status: 'success', tools: found.value.tools, source, stale, degraded };
    } catch (error) {
      return missing(server, error);
    }
  }

  /** The tools of one server, as far as they are known without asking it; undefined: it needs discovery. */
  async known(gateway: GatewayDefinition, server: ServerDefinition): Promise<FoundTools | undefined> {
    if (server.tools !== undefined) return fromConfig(server.tools);
    try {
      const found = await this.#options.cache.cachedTools(refOf(gateway, server));
      if (found.outcome === 'miss') return undefined;
      const { source, stale, degraded } = found;
      return { status: 'success', tools: found.value.tools, source, stale, degraded };
    } catch {
      return undefined;
    }
  }

  /** The tools of several servers at once; those that take longer than the patience are told as pending. */
  async findAll(
    gateway: GatewayDefinition,
    servers: readonly ServerDefinition[],
  ): Promise<ReadonlyMap<string, ServerTools>> {
    const { discoveryPatienceMs } = this.#options.limits;
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<PendingTools>((resolve) => {
      timer = setTimeout(() => resolve({ status: 'pending' }), discoveryPatienceMs);
    });
    const found = await Promise.all(
      servers.map(async (server) => [server.name, await Promise.race([this.find(gateway, server), late])] as const),
    );
    clearTimeout(timer);
    return new Map(found);
  }

  /** What this node counted for one server since its start. */
  countOf(gateway: GatewayDefinition, server: ServerDefinition): DiscoveryCount {
    return this.#counts.get(countKey(gateway, server)) ?? { discoveries: 0, failed: 0 };
  }

  /**
   * A server said that its tools changed: clears its list on every node, unless it is what the caches have. Some
   * servers say so at the start of each session, and mean nothing by it.
   */
  async toolsChanged(gateway: GatewayDefinition, upstream: UpstreamServer): Promise<void> {
    const { cache, closing, logger } = this.#options;
    const server = upstream.definition;
    try {
      const current = await this.#holdsNoOther(gateway, upstream);
      this.changesHeard++;
      if (current) return;
      const ref = { gatewayId: gateway.id, configId: gateway.configId, keys: [] };
      const clear = async () => {
        const { unknown } = await cache.clear({ type: 'tools', gateway: ref, serverName: server.name });
        if (unknown[0] !== undefined) throw unknown[0].cause;
      };
      await retry(handleAll, CLEAR_AGAIN).execute(clear, closing);
      logger.info({ server: server.name }, 'an MCP server changed its tools: its list is cleared on every node');
    } catch (error) {
      if (closing.aborted) return;
      logger.warn({ server: server.name, reason: reasonOf(error) }, 'a changed tool list could not be cleared');
    }
  }

  /**
   * Whether the caches hold this very list, or none. None needs no clear: a node that reads the list just now is told
   * of the change too, and reads again.
   */
  async #holdsNoOther(gateway: GatewayDefinition, upstream: UpstreamServer): Promise<boolean> {
    const { cache, closing } = this.#options;
    const cached = await cache.cachedTools(refOf(gateway, upstream.definition)).catch(() => undefined);
    if (cached === undefined || (cached.outcome === 'miss' && cached.degraded)) return false;
    if (cached.outcome === 'miss') return true;
    const listed = await upstream.listTools(closing).catch(() => undefined);
    return listed !== undefined && isDeepStrictEqual(asJson(listed.tools), asJson(cached.value.tools));
  }

  async #ask(gateway: GatewayDefinition, server: ServerDefinition, signal: AbortSignal) {
    const key = countKey(gateway, server);
    const count = this.#counts.get(key) ?? { discoveries: 0, failed: 0 };
    this.#counts.set(key, count);
    count.discoveries++;
    try {
      return await this.#options.pool.of(gateway, server).listTools(signal);
    } catch (error) {
      count.failed++;
      throw error;
    }
  }
}

/** A server as the tool cache knows it. */
function refOf(gateway: GatewayDefinition, server: ServerDefinition): ServerRef {
  return { configId: gateway.configId, serverName: server.name, fingerprint: server.fingerprint };
}

function fromConfig(tools: Readonly<Record<string, StaticTool>>): FoundTools {
  return {
    status: 'success',
    tools: Object.entries(tools).map(staticTool),
    source: 'config',
    stale: false,
    degraded: false,
  };
}

function staticTool([name, tool]: readonly [string, StaticTool]): Tool {
  const open = { inputSchema: { type: 'object' } } as const;
  return typeof tool === 'string' ? { name, description: tool, ...open } : { ...open, ...tool, name };
}

function missing(server: ServerDefinition, error: unknown): MissingTools {
  const upstream = upstreamErrorIn(error);
  const message = upstream?.message ?? `the tools of ${server.name} cannot be told just now`;
  return { status: 'error', code: upstream?.code ?? 'unavailable', message };
}

function countKey(gateway: GatewayDefinition, server: ServerDefinition): string {
  return JSON.stringify([gateway.configId, server.name]);
}

function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}

function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
