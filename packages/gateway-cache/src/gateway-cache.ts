import type { CommittedOptions, Lockstep, Lookup, Namespace, Scope } from '@lockstep/cache';
import type { ClearedCache, ClearOutcome } from './clear-outcome.ts';
import { clearOutcome } from './clear-outcome.ts';
import type { CacheType } from './clear-words.ts';
import type { Revocation } from './key-grants.ts';
import { KeyGrants } from './key-grants.ts';
import type { GatewayRef, ServerRef } from './names.ts';
import {
  configTag,
  configTokensTag,
  connectionTag,
  gatewayTag,
  principalTag,
  serverTag,
  serverTokensTag,
} from './names.ts';
import type { GatewayNamespace, GatewayTimes } from './policies.ts';
import { gatewayPolicies } from './policies.ts';
import type { CacheStatus, NodeStatus } from './status.ts';
import { cacheStatus, nodeStatus } from './status.ts';
import type { Discover, ToolList } from './tool-cache.ts';
import { ToolCache } from './tool-cache.ts';

/** What the caches of a gateway are made of. */
export interface GatewayCacheOptions {
  /** A node; with a tier, one that has `encryptionKeys`: configurations hold credentials. */
  readonly lockstep: Lockstep;
  readonly times: GatewayTimes;
}

/** A clear that someone asked for. */
export interface ClearRequest {
  /** `expire`: only the freshness ends, and what there is may stand in. Left out: `clear`. */
  readonly kind?: 'clear' | 'expire';
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
  readonly #tools: ToolCache<T>;
  readonly #configs: Namespace<C>;
  readonly #keys: KeyGrants;
  /** What a clear of everything clears: everything but what is revoked. */
  readonly #clearable: readonly string[];

  constructor({ lockstep, times }: GatewayCacheOptions) {
    const policies = gatewayPolicies(times, lockstep.mode);
    this.#lockstep = lockstep;
    this.#times = times;
    this.#tools = new ToolCache(lockstep, { policies, ceilingMs: times.toolsTtlMs });
    this.#configs = lockstep.namespace('gateway-config', policies['gateway-config']);
    this.#keys = new KeyGrants(lockstep, policies);
    this.#clearable = [...Object.keys(policies), 'oauth-token'].filter((name) => name !== 'revoked-key');
  }

  /**
   * The id of the gateway that a key opens; undefined: the key is revoked, though this node's configuration still has it.
   * `key` is a name for the key and for what it grants, never the key itself.
   */
  gatewayId(key: string, load: () => string): Promise<string | undefined> {
    return this.#keys.gatewayId(key, load);
  }

  /** Revokes keys, by the names that `gatewayId` is asked by. When it resolves, they open nothing on any node. */
  async revokeKeys(revocations: readonly Revocation[]): Promise<void> {
    await this.#keys.revoke(revocations);
  }

  /** Takes revocations back that come from a revision that `hasRun`; answers the names of those that stay. */
  async restoreKeys(keys: readonly string[], hasRun: (revision: string) => boolean): Promise<readonly string[]> {
    return this.#keys.restore(keys, hasRun);
  }

  /** A gateway's configuration. `key` names the gateway and its revision. */
  async gatewayConfig(key: string, gateway: Pick<GatewayRef, 'gatewayId'>, load: () => C): Promise<C> {
    return this.#configs.peek(key) ?? this.#configs.getOrLoad(key, load, { tags: [gatewayTag(gateway.gatewayId)] });
  }

  /** Whether a gateway's configuration is cached. */
  async hasGatewayConfig(key: string): Promise<boolean> {
    return this.#configs.has(key);
  }

  /**
   * A server's tools, discovered once for the whole cluster where no cache has them. A failed discovery is not kept:
   * it rejects with `LoaderError`, unless an older list may stand in (then marked stale).
   */
  async tools(server: ServerRef, discover: Discover<T>): Promise<Lookup<ToolList<T>>> {
    return this.#tools.find(server, discover);
  }

  /** A server's tools, if near-cache or tier have them. Discovers nothing. */
  async cachedTools(server: ServerRef): Promise<Lookup<ToolList<T>>> {
    return this.#tools.cached(server);
  }

  /** As `cachedTools`, of many servers, what is there: in one lookup. */
  async cachedToolsMany(servers: readonly ServerRef[]): Promise<ReadonlyMap<ServerRef, Lookup<ToolList<T>>>> {
    return this.#tools.cachedMany(servers);
  }

  /** The key, in `tools`, of what `cachedTools` looks for; undefined: there is no place for it. */
  async toolsKey(server: ServerRef): Promise<string | undefined> {
    return this.#tools.placeOf(server);
  }

  /** How long a server's tools are fresh yet, in ms; 0: no cache has any that are. */
  async toolsFreshForMs(server: ServerRef): Promise<number> {
    return this.#tools.freshForMs(server);
  }

  /** Ends the freshness of a server's tools on every node: they are asked for again, and stand in where that fails. */
  async expireTools({ configId, serverName }: Pick<ServerRef, 'configId' | 'serverName'>): Promise<void> {
    await this.#lockstep.expire({ tag: serverTag(configId, serverName) });
  }

  /** Clears a revision of a gateway's configuration on every node. */
  async clearGatewayConfig(key: string): Promise<void> {
    await this.#configs.clear(key);
  }

  /** Clears a server's tool lists on every node, as far as they came over this connection. */
  async clearConnection(server: ServerRef): Promise<void> {
    await this.#lockstep.clear({ tag: connectionTag(server) });
  }

  /** Clears the private tool lists of an authorisation context on every node. */
  async clearPrincipal(principal: string): Promise<void> {
    await this.#lockstep.clear({ tag: principalTag(principal) });
  }

  /**
   * Clears on every node. Resolves once the tier has answered for every part, or cannot; tells which parts it has, and
   * which it did not confirm. Never rejects.
   */
  async clear(request: ClearRequest): Promise<ClearOutcome> {
    const { kind = 'clear' } = request;
    const options: Pick<CommittedOptions, 'wait'> = request.wait === undefined ? {} : { wait: request.wait };
    const scopes = this.scopesOf(request).map(({ cache, scope }) => {
      return { cache, receipt: this.#lockstep[kind](scope, options) };
    });
    const ofKeys = request.type === 'all' || request.type === 'gateway_config' ? (request.gateway?.keys ?? []) : [];
    const keys = ofKeys.map((key) => ({ cache: 'gateway-key' as const, receipt: this.#keys[kind](key, options) }));
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

  /** The scopes that a clear consists of, beside the gateway's keys. */
  scopesOf({ type, gateway, serverName, kind }: ClearRequest): readonly ClearedScope[] {
    const configs = type === 'all' || type === 'gateway_config';
    const tools = type !== 'gateway_config';
    if (gateway === undefined) {
      // What is only known of lists has no freshness that could end.
      const ended = kind === 'expire' ? this.#clearable.filter((name) => name !== 'tool-scopes') : this.#clearable;
      if (type === 'all') return ended.map((namespace) => ({ cache: 'everything', scope: { namespace } }));
      return configs ? [wholly('gateway-config'), wholly('gateway-key')] : [wholly('tools')];
    }
    const { gatewayId, configId, sendsTokens = false } = gateway;
    const tag = serverName === undefined ? configTag(configId) : serverTag(configId, serverName);
    const ofTools: ClearedScope = { cache: 'tools', scope: { tag } };
    const ofConfigs: ClearedScope = { cache: 'gateway-config', scope: { tag: gatewayTag(gatewayId) } };
    const tokens = serverName === undefined ? configTokensTag(configId) : serverTokensTag(configId, serverName);
    const ofTokens: ClearedScope = { cache: 'oauth-token', scope: { tag: tokens } };
    return [
      ...(tools ? [ofTools] : []),
      ...(configs ? [ofConfigs] : []),
      ...(type === 'all' && sendsTokens ? [ofTokens] : []),
    ];
  }

  #stats() {
    return { tools: this.#tools.stats(), 'gateway-config': this.#configs.stats(), 'gateway-key': this.#keys.stats() };
  }
}

/** A part of a clear, as the cache knows it. */
export interface ClearedScope {
  readonly cache: ClearedCache;
  readonly scope: Scope;
}

function wholly(namespace: GatewayNamespace): ClearedScope {
  return { cache: namespace, scope: { namespace } };
}
