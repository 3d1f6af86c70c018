import type { Lockstep, NamespaceStats, TierInfo } from '@lockstep/cache';
import type { GatewayNamespace, GatewayTimes } from './policies.ts';

const HOUR_MS = 3_600_000;

/** How the caches stand: the names of the description that this gateway follows, and what a node of ours adds. */
export interface CacheStatus {
  /** `external`: with a shared tier. `local`: this node's memory alone. */
  readonly cache_type: 'external' | 'local';
  /** Gateway keys that are cached, in the tier if there is one. null: the tier cannot be asked. */
  readonly total_gateways: number | null;
  /** Tool lists that are cached. */
  readonly total_tool_caches: number | null;
  /** Gateway configurations that are cached. */
  readonly total_config_caches: number | null;
  readonly tool_cache_expiration_hours: number;
  readonly config_cache_expiration_hours: number;
  /** The tier's server; null: it cannot be asked. Absent in local mode. */
  readonly redis_info?: RedisInfo | null;
  readonly node: NodeStatus;
}

/** Facts about the tier's server, by the names of the description. */
export interface RedisInfo {
  readonly redis_version: string;
  readonly used_memory_human: string;
  readonly total_keys: number;
}

/** One node: whether it can vouch for what it answers, and what its near-cache did since its start. */
export interface NodeStatus {
  readonly id: string;
  readonly coherence: 'coherent' | 'degraded' | 'isolated';
  /** How old an answer may be, in milliseconds; null: this node has never reached the tier. */
  readonly staleness_ms: number | null;
  /** Why it is not coherent. */
  readonly reason?: string;
  readonly near: Readonly<Record<GatewayNamespace, NearStatus>>;
}

/** One namespace on one node. */
export interface NearStatus {
  readonly entries: number;
  readonly near_hits: number;
  readonly tier_hits: number;
  /** Loads from the origin, failed ones included. */
  readonly loads: number;
  readonly loads_failed: number;
  readonly stale_answers: number;
  readonly degraded_answers: number;
}

/** Asks tier and node; what the tier cannot be asked for is null. Never rejects. */
export async function cacheStatus(
  lockstep: Lockstep,
  times: GatewayTimes,
  stats: Readonly<Record<GatewayNamespace, NamespaceStats>>,
): Promise<CacheStatus> {
  const asked = <T>(answer: Promise<T>): Promise<T | null> => answer.catch(() => null);
  const [gateways, tools, configs, info] = await Promise.all([
    asked(lockstep.count('gateway-key')),
    asked(lockstep.count('tools')),
    asked(lockstep.count('gateway-config')),
    asked(lockstep.tierInfo()),
  ]);
  return {
    cache_type: lockstep.mode === 'cluster' ? 'external' : 'local',
    total_gateways: gateways,
    total_tool_caches: tools,
    total_config_caches: configs,
    tool_cache_expiration_hours: times.toolsTtlMs / HOUR_MS,
    config_cache_expiration_hours: times.gatewayConfigTtlMs / HOUR_MS,
    ...(info === undefined ? {} : { redis_info: info === null ? null : redisInfo(info) }),
    node: nodeStatus(lockstep, stats),
  };
}

/** What a node knows of itself without asking anyone. */
export function nodeStatus(lockstep: Lockstep, stats: Readonly<Record<GatewayNamespace, NamespaceStats>>): NodeStatus {
  const { state, stalenessMs, reason } = lockstep.coherence;
  return {
    id: lockstep.nodeId,
    coherence: state,
    staleness_ms: Number.isFinite(stalenessMs) ? Math.round(stalenessMs) : null,
    ...(reason === undefined ? {} : { reason }),
    near: {
      tools: nearStatus(stats.tools),
      'gateway-config': nearStatus(stats['gateway-config']),
      'gateway-key': nearStatus(stats['gateway-key']),
    },
  };
}

function nearStatus(stats: NamespaceStats): NearStatus {
  return {
    entries: stats.entries,
    near_hits: stats.nearHits,
    tier_hits: stats.tierHits,
    loads: stats.loads,
    loads_failed: stats.loadsFailed,
    stale_answers: stats.staleAnswers,
    degraded_answers: stats.degradedAnswers,
  };
}

function redisInfo(info: TierInfo): RedisInfo {
  return {
    redis_version: info.version,
    used_memory_human: humanBytes(info.usedMemoryBytes),
    total_keys: info.keys,
  };
}

/** Bytes as the tier's server writes them: `1023B`, `1.50K`, `2.00M`. */
function humanBytes(bytes: number): string {
  const units = ['B', 'K', 'M', 'G', 'T'];
  const power = bytes < 1_024 ? 0 : Math.min(Math.floor(Math.log2(bytes) / 10), units.length - 1);
  return power === 0 ? `${bytes}B` : `${(bytes / 1_024 ** power).toFixed(2)}${units[power]}`;
}
