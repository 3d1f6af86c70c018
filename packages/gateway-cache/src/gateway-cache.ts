import type { CommittedOptions, Lockstep, Lookup, Namespace, Scope } from '@lockstep/cache';
import type { ClearedCache, ClearOutcome } from './clear-outcome.ts';
import { clearOutcome } from './clear-outcome.ts';
import type { CacheType } from './clear-words.ts';
import type { GatewayRef, ServerRef } from './names.ts';
import { configTag, gatewayTag, serverTag, toolsKey, toolsTags } from './names.ts';
import type { GatewayNamespace, GatewayTimes } from './policies.ts';
import { gatewayPolicies } from './policies.ts';
import { SealedCache } from './sealed-cache.ts';
import type { Sealed } from './sealed-value.ts';
import { createSealer } from './sealed-value.ts';
import type { CacheStatus, NodeStatus } from './status.ts';
import { cacheStatus, nodeStatus } from './status.ts';

/** What the caches of a gateway are made of. */
export interface GatewayCacheOptions {
  readonly lockstep: Lockstep;
  readonly times: GatewayTimes;
  /** The cluster's secret: seals configurations and keys. In local mode any text. */
  readonly secret: string;
}

/** A server's whole tool list: every page, in the server's order. */
export interface ToolList<T> {
  readonly tools: readonly T[];
}

/** A tool list as a discovery found it. */
export interface DiscoveredTools<T> extends ToolList<T> {
  /** How long the server says that the list may be kept, in ms; 0: ask again each time. undefined: it says nothing. */
  readonly hintMs?: number | undefined;
}

/** Asks a server for its tools; `signal` is aborted when the node closes. */
export type Discover<T> = (signal: AbortSignal) => Promise<DiscoveredTools<T>>;

/** A clear that someone asked for. */
export interface ClearRequest {
  readonly type: CacheType;
  /** Only what belongs to this gateway. Left out: of every gateway. */
  readonly gateway?: GatewayRef;
  /** Only this server's tool lists; needs `gateway`. */
  readonly serverName?: string;
  /** How far it is to have come when `clear` resolves: see `CommittedOptions` of `@lockstep/cache`. */
  readonly wait?: NonNullable<CommittedOptions['wait']>;
}

/** The caches of an MCP gateway: one object per node. `C` is a gateway's configuration, `T` a tool. */
export class GatewayCache<C, T> {
  readonly #lockstep: Lockstep;
  readonly #times: GatewayTimes;
  readonly #tools: Namespace<ToolList<T>>;
  readonly #configs: Namespace<Sealed>;
  readonly #keys: Namespace<Sealed>;
  readonly #sealedConfigs: SealedCache<C>;
  readonly #sealedKeys: SealedCache<string>;

  constructor({ lockstep, times, secret }: GatewayCacheOptions) {
    const policies = gatewayPolicies(times);
    const sealer = createSealer(secret);
    this.#lockstep = lockstep;
    this.#times = times;
    this.#tools = lockstep.namespace('tools', policies.tools);
    this.#configs = lockstep.namespace('gateway-config', policies['gateway-config']);
    this.#keys = lockstep.namespace('gateway-key', policies['gateway-key']);
    this.#sealedConfigs = new SealedCache(this.#configs, sealer);
    this.#sealedKeys = new SealedCache(this.#keys, sealer);
  }

  /** The id of the gateway that a key opens. `key` is a name for the key, never the key itself. */
  async gatewayId(key: string, load: () => string): Promise<string> {
    return this.#sealedKeys.getOrLoad(key, { load, tags: [] });
  }

  /** A gateway's configuration. `key` names the gateway and the revision of the file that it comes from. */
  async gatewayConfig(key: string, gateway: Pick<GatewayRef, 'gatewayId'>, load: () => C): Promise<C> {
    return this.#sealedConfigs.getOrLoad(key, { load, tags: [gatewayTag(gateway.gatewayId)] });
  }

  /** Whether a gateway's configuration is cached. */
  async hasGatewayConfig(key: string): Promise<boolean> {
    return this.#sealedConfigs.has(key);
  }

  /**
   * A server's tools, discovered once for the whole cluster where no cache has them. A failed discovery is not kept:
   * it rejects with `LoaderError`, unless an older list may stand in (then marked stale).
   */
  async tools(server: ServerRef, discover: Discover<T>): Promise<Lookup<ToolList<T>>> {
    let ttlMs = this.#times.toolsTtlMs;
    return this.#tools.lookup(
      toolsKey(server),
      async ({ signal }) => {
        const { tools, hintMs } = await discover(signal);
        if (hintMs !== undefined) ttlMs = this.#freshMs(hintMs);
        return { tools };
      },
      { tags: toolsTags(server), ttl: () => ttlMs },
    );
  }

  /** A server's tools, if near-cache or tier have them. Discovers nothing. */
  async cachedTools(server: ServerRef): Promise<Lookup<ToolList<T>>> {
    return this.#tools.lookup(toolsKey(server));
  }

  /**
   * Clears on every node. Resolves once the tier has answered for every part, or cannot; tells which parts it has, and
   * which it did not confirm. Never rejects.
   */
  async clear(request: ClearRequest): Promise<ClearOutcome> {
    const options: Pick<CommittedOptions, 'wait'> = request.wait === undefined ? {} : { wait: request.wait };
    const scopes = this.#scopesOf(request).map(({ cache, scope }) => {
      return { cache, receipt: this.#lockstep.clear(scope, options) };
    });
    const ofKeys = request.type === 'all' || request.type === 'gateway_config' ? (request.gateway?.keys ?? []) : [];
    const keys = ofKeys.map((key) => ({ cache: 'gateway-key' as const, receipt: this.#keys.clear(key, options) }));
    return clearOutcome([...scopes, ...keys]);
  }

  /** The status of the caches. Never rejects: what the tier cannot be asked for is null. */
  async status(): Promise<CacheStatus> {
    return cacheStatus(this.#lockstep, this.#times, this.#stats());
  }

  /** What this node knows of itself. */
  node(): NodeStatus {
    return nodeStatus(this.#lockstep, this.#stats());
  }

  #scopesOf({ type, gateway, serverName }: ClearRequest): readonly ClearedScope[] {
    const configs = type === 'all' || type === 'gateway_config';
    const tools = type !== 'gateway_config';
    if (gateway === undefined) {
      if (type === 'all') return [{ cache: 'everything', scope: { everything: true } }];
      return configs ? [wholly('gateway-config'), wholly('gateway-key')] : [wholly('tools')];
    }
    const { gatewayId, configId } = gateway;
    const tag = serverName === undefined ? configTag(configId) : serverTag(configId, serverName);
    const ofTools: ClearedScope = { cache: 'tools', scope: { tag } };
    const ofConfigs: ClearedScope = { cache: 'gateway-config', scope: { tag: gatewayTag(gatewayId) } };
    return [...(tools ? [ofTools] : []), ...(configs ? [ofConfigs] : [])];
  }

  #stats() {
    return { tools: this.#tools.stats(), 'gateway-config': this.#configs.stats(), 'gateway-key': this.#keys.stats() };
  }

  /** A server may shorten the life of its list, not lengthen it; the least is a millisecond, which nobody meets. */
  #freshMs(hintMs: number): number {
    return Math.max(1, Math.min(Math.floor(hintMs), this.#times.toolsTtlMs));
  }
}

interface ClearedScope {
  readonly cache: ClearedCache;
  readonly scope: Scope;
}

function wholly(namespace: GatewayNamespace): ClearedScope {
  return { cache: namespace, scope: { namespace } };
}
