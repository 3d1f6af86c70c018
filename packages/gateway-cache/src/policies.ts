import type { NamespaceOptions } from '@lockstep/cache';

const HOUR_MS = 3_600_000;
/** How long a list may stand in for a server that is away. */
const TOOLS_GRACE_MS = 24 * HOUR_MS;
/** What a discovery may take beyond its own time limit before another node may try: the fill, and a late timer. */
const LEASE_MARGIN_MS = 2_000;

/** So long before its end a token that lives for an hour, or longer, is replaced: it is the same part of a shorter life. */
const TOKEN_REPLACED_MS = 300_000;
/** More than any header carries. */
const TOKEN_BYTES_MAX = 65_536;
/** How long an authorization server is left alone that gave no token: a wrong secret is not tried with every request. */
const TOKEN_FAILED_MS = 5_000;

/** The namespaces of a gateway, by what they hold. */
export type GatewayNamespace = 'tools' | 'gateway-config' | 'gateway-key';

/** What a gateway's policies are made from; all in milliseconds. */
export interface GatewayTimes {
  /** How long a server's tool list is fresh, where the server does not ask for less. */
  readonly toolsTtlMs: number;
  /** How long a gateway configuration, and the gateway that a key opens, are fresh. */
  readonly gatewayConfigTtlMs: number;
  /** The longest that one discovery may take. */
  readonly discoveryTimeoutMs: number;
}

/**
 * The policy of each namespace. Tool lists outlive a server that is away, and a cluster that has lost touch: they
 * grant nothing. Configurations and keys decide who may do what: they are asked for again instead.
 */
export function gatewayPolicies(
  times: GatewayTimes,
  mode: 'cluster' | 'local',
): Readonly<Record<GatewayNamespace | 'tool-scopes', NamespaceOptions>> {
  const { toolsTtlMs, gatewayConfigTtlMs, discoveryTimeoutMs } = times;
  // In a tier they are encrypted, or the node does not start: configurations hold credentials, ids are identifiers.
  const secret = mode === 'cluster';
  return {
    tools: {
      ttl: toolsTtlMs,
      grace: TOOLS_GRACE_MS,
      whenIncoherent: 'serve-stale',
      lease: discoveryTimeoutMs + LEASE_MARGIN_MS,
      nearEntriesMax: 10_000,
    },
    // Which servers have private lists: known for longer than any of them lasts.
    'tool-scopes': {
      ttl: toolsTtlMs + TOOLS_GRACE_MS,
      whenIncoherent: 'serve-stale',
      nearEntriesMax: 10_000,
    },
    'gateway-config': {
      ttl: gatewayConfigTtlMs,
      grace: HOUR_MS,
      whenIncoherent: 'revalidate',
      secret,
      nearEntriesMax: 10_000,
    },
    'gateway-key': {
      ttl: gatewayConfigTtlMs,
      grace: 0,
      whenIncoherent: 'revalidate',
      secret,
      nearEntriesMax: 100_000,
    },
  };
}

/**
 * The policy of `oauth-token`. A token is never answered after its end, or by a node that cannot vouch for it. One that is
 * asked for is replaced ahead of its end; where that fails it is used while it lives, and replaced soon.
 */
export function tokenPolicy(given: { readonly shared: boolean; readonly acquireTimeoutMs: number }): NamespaceOptions {
  const { shared, acquireTimeoutMs } = given;
  return {
    ttl: HOUR_MS,
    grace: 0,
    // Before the end of a life longer than `ttl`, too, it is this part of `ttl` that is left.
    eagerRefresh: 1 - TOKEN_REPLACED_MS / HOUR_MS,
    graceRetry: TOKEN_FAILED_MS,
    failedTtl: TOKEN_FAILED_MS,
    whenIncoherent: 'revalidate',
    lease: acquireTimeoutMs + LEASE_MARGIN_MS,
    valueBytesMax: TOKEN_BYTES_MAX,
    shared,
    secret: shared,
    nearEntriesMax: 10_000,
  };
}
