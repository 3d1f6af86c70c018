// The caches
export type { ClearedScope, ClearRequest, GatewayCacheOptions } from './gateway-cache.ts';
export { GatewayCache } from './gateway-cache.ts';
export type { CacheScope, DiscoveredTools, Discover, ToolList } from './tool-cache.ts';
export type {
  AccessToken,
  AcquiredToken,
  AcquireToken,
  TokenCacheOptions,
  TokenRequest,
} from './token-cache.ts';
export { TOKEN_LIFE_MS_MAX, TokenCache } from './token-cache.ts';
export type { GatewayRef, ServerRef, TokenRef } from './names.ts';

// The audit trail
export type { AuditEntry, AuditRecord, Damage } from './audit/audit-record.ts';
export type { AuditTrailOptions, Fault, ReadRecord, Recorded, Verification } from './audit/audit-trail.ts';
export { AuditTrail, PENDING_RECORDS_MAX } from './audit/audit-trail.ts';
export { MemoryJournal } from './audit/memory-journal.ts';

// Policies
export type { GatewayNamespace, GatewayTimes } from './policies.ts';
export { gatewayPolicies, tokenPolicy } from './policies.ts';

// Status and clears
export type { ClearedCache, ClearOutcome } from './clear-outcome.ts';
export type { CacheType } from './clear-words.ts';
export { CACHE_TYPE_WORDS, parseCacheType } from './clear-words.ts';
export type { CacheStatus, NearStatus, NodeStatus, RedisInfo } from './status.ts';
