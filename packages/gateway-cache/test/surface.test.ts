import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as gatewayCache from '../src/index.ts';

// The gateway is written against these names. A red pin asks: on purpose?

it('exports these values and no other', () => {
  expect(Object.keys(gatewayCache).sort()).toEqual([
    'AuditTrail',
    'CACHE_TYPE_WORDS',
    'GatewayCache',
    'MemoryJournal',
    'PENDING_RECORDS_MAX',
    'TOKEN_LIFE_MS_MAX',
    'TokenCache',
    'gatewayPolicies',
    'parseCacheType',
    'tokenPolicy',
  ]);
});

it('exports these types and no other', () => {
  const index = readFileSync(new URL('../src/index.ts', import.meta.url), 'utf8');
  const lists = [...index.matchAll(/^export type \{([^}]*)\}/gm)];
  const names = lists.flatMap(([, list = '']) => list.split(',').map((name) => name.trim())).filter(Boolean);
  expect(names.sort()).toEqual([
    'AccessToken',
    'AcquireToken',
    'AcquiredToken',
    'AuditEntry',
    'AuditRecord',
    'AuditTrailOptions',
    'CacheScope',
    'CacheStatus',
    'CacheType',
    'ClearOutcome',
    'ClearRequest',
    'ClearedCache',
    'ClearedScope',
    'Damage',
    'Discover',
    'DiscoveredTools',
    'Fault',
    'GatewayCacheOptions',
    'GatewayNamespace',
    'GatewayRef',
    'GatewayTimes',
    'NearStatus',
    'NodeStatus',
    'ReadRecord',
    'Recorded',
    'RedisInfo',
    'ServerRef',
    'TokenCacheOptions',
    'TokenRef',
    'TokenRequest',
    'ToolList',
    'Verification',
  ]);
});
