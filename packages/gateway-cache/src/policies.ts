import type { NamespaceOptions } from '@lockstep/cache';

const HOUR_MS = 3_600_000;
/** How long a list may stand in for a server that is away. */
const TOOLS_GRACE_MS = 24 * HOUR_MS;
/** What a discovery may take beyond its own time limit before another node may try: the fill, and a late timer. */
const LEASE_MARGIN_MS = 2_000;

/** How long a revoked key is known as revoked: longer than any node takes to have the newer configuration. */
const REVOKED_MS = 24 * HOUR_MS;
/** How long it is not asked again whether a key is still revoked. */
const DENIED_MS = 10_000;

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
): Readonly<Record<GatewayNamespace | 'tool-scopes' | 'revoked-key', NamespaceOptions>> {
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
      deniedTtl: DENIED_MS,
      whenIncoherent: 'revalidate',
      secret,
      nearEntriesMax: 100_000,
    },
    // What a revocation is remembered by outlives a cluster that has lost touch.
    'revoked-key': { ttl: REVOKED_MS, whenIncoherent: 'serve-stale', secret, nearEntriesMax: 10_000 },
  };
}
