import type { GatewayDefinition, ServerDefinition, StaticTool, UpstreamConfig } from '@lockstep/config';
import type { CacheScope, GatewayCache, ServerRef } from '@lockstep/gateway-cache';
import type { Tool } from '@modelcontextprotocol/client';
import type { UpstreamErrorCode } from './upstream/upstream-error.ts';
import { upstreamErrorIn } from './upstream/upstream-error.ts';
import type { UpstreamPool } from './upstream/upstream-pool.ts';

/** A server's tools, and where they came from: the file, this node's near-cache, the tier, or the server itself. */
export interface FoundTools {
  readonly status: 'success';
  readonly tools: readonly Tool[];
  /** To whom they may be shown. */
  readonly cacheScope: CacheScope;
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

const PENDING: PendingTools = { status: 'pending' };

export type ServerTools = FoundTools | MissingTools | PendingTools;

/** What the discovery works with. */
export interface DiscoveryOptions {
  readonly cache: GatewayCache<GatewayDefinition, Tool>;
  readonly pool: UpstreamPool;
  readonly limits: UpstreamConfig;
}

/** How often this node has asked one server for its tools because no cache had them. */
export interface DiscoveryCount {
  readonly discoveries: number;
  readonly failed: number;
}

type CachedTools = Awaited<ReturnType<DiscoveryOptions['cache']['cachedToolsMany']>>;
type CachedList = CachedTools extends ReadonlyMap<ServerRef, infer L> ? L : never;

/** Finds the tools of servers: in the file, in the caches, or from the servers. */
export class Discovery {
  readonly #options: DiscoveryOptions;
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
      return toolsIn(found) ?? missing(server, undefined);
    } catch (error) {
      return missing(server, error);
    }
  }

  /** The tools of one server, as far as they are known without asking it; undefined: it needs discovery. */
  async known(gateway: GatewayDefinition, server: ServerDefinition): Promise<FoundTools | undefined> {
    if (server.tools !== undefined) return fromConfig(server.tools);
    try {
      return toolsIn(await this.#options.cache.cachedTools(refOf(gateway, server)));
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
    const found = new Map<string, ServerTools>(servers.map(({ name }) => [name, PENDING]));
    const all = this.#cached(gateway, servers).then((cached) =>
      Promise.all(
        servers.map(async (server) => {
          const tools = toolsIn(cached.get(refOf(gateway, server))) ?? (await this.find(gateway, server));
          found.set(server.name, tools);
        }),
      ),
    );
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, discoveryPatienceMs);
    });
    await Promise.race([all, late]);
    clearTimeout(timer);
    // Those that come later are for the caches, not for this answer.
    return new Map(found);
  }

  /** What this node counted for one server since its start. */
  countOf(gateway: GatewayDefinition, server: ServerDefinition): DiscoveryCount {
    return this.#counts.get(countKey(gateway, server)) ?? { discoveries: 0, failed: 0 };
  }

  /** What the caches have, by one lookup for all; where they cannot be asked, nothing. */
  async #cached(gateway: GatewayDefinition, servers: readonly ServerDefinition[]): Promise<CachedTools> {
    const asked = servers.filter(({ tools }) => tools === undefined).map((server) => refOf(gateway, server));
    return this.#options.cache.cachedToolsMany(asked).catch(() => new Map());
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

/** The servers of each gateway as the tool cache knows them: an answer about many servers asks for many. */
const refs: WeakMap<GatewayDefinition, Map<ServerDefinition, ServerRef>> = new WeakMap();

/** A server as the tool cache knows it. */
export function refOf(gateway: GatewayDefinition, server: ServerDefinition): ServerRef {
  const known = refs.get(gateway) ?? new Map<ServerDefinition, ServerRef>();
  const ref = known.get(server) ?? makeRef(gateway, server);
  known.set(server, ref);
  refs.set(gateway, known);
  return ref;
}

function makeRef(gateway: GatewayDefinition, server: ServerDefinition): ServerRef {
  const { fingerprint, name: serverName, trustsCacheScope: believesPublic } = server;
  // Each gateway has connections of its own, and the fingerprint tells one set of credentials from another.
  return { configId: gateway.configId, serverName, fingerprint, principal: gateway.id, believesPublic };
}

/** What the configuration lists, as tools: made once, so that it is known again as the same list. */
const staticTools: WeakMap<Readonly<Record<string, StaticTool>>, readonly Tool[]> = new WeakMap();

function fromConfig(listed: Readonly<Record<string, StaticTool>>): FoundTools {
  const tools = staticTools.get(listed) ?? Object.entries(listed).map(staticTool);
  staticTools.set(listed, tools);
  return { status: 'success', tools, cacheScope: 'private', source: 'config', stale: false, degraded: false };
}

function staticTool([name, tool]: readonly [string, StaticTool]): Tool {
  const open = { inputSchema: { type: 'object' } } as const;
  return typeof tool === 'string' ? { name, description: tool, ...open } : { ...open, ...tool, name };
}

/** The tools that a lookup has found. */
function toolsIn(found: CachedList | undefined): FoundTools | undefined {
  if (found === undefined || found.outcome === 'miss') return undefined;
  const { source, stale, degraded } = found;
  return { status: 'success', ...found.value, source, stale, degraded };
}

function missing(server: ServerDefinition, error: unknown): MissingTools {
  const upstream = upstreamErrorIn(error);
  const message = upstream?.message ?? `the tools of ${server.name} cannot be told just now`;
  return { status: 'error', code: upstream?.code ?? 'unavailable', message };
}

function countKey(gateway: GatewayDefinition, server: ServerDefinition): string {
  return JSON.stringify([gateway.configId, server.name]);
}
