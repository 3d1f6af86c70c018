import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import * as config from '../src/index.ts';

// The gateway and the scripts are written against these names. A red pin asks: on purpose?

it('exports these values and no other', () => {
  expect(Object.keys(config).sort()).toEqual([
    'CONFIG_VARIABLE',
    'SETTINGS',
    'SOURCE_VARIABLES',
    'formatProblems',
    'loadGatewayConfig',
    'locateConfig',
    'redactConfig',
    'showConnection',
  ]);
});

it('exports these types and no other', () => {
  const index = readFileSync(new URL('../src/index.ts', import.meta.url), 'utf8');
  const lists = [...index.matchAll(/^export type \{([^}]*)\}/gm)];
  const names = lists.flatMap(([, list = '']) => list.split(',').map((name) => name.trim())).filter(Boolean);
  expect(names.sort()).toEqual([
    'AdminConfig',
    'AdminLimits',
    'AdminToken',
    'ClusterConfig',
    'ConfigLocation',
    'ConfigProblem',
    'ConfigSources',
    'DrainConfig',
    'Environment',
    'GatewayConfig',
    'GatewayDefinition',
    'GatewayDirectory',
    'GatewayKey',
    'KeyRole',
    'LogLevel',
    'OAuthClient',
    'Parsed',
    'ReadText',
    'ServerConnection',
    'ServerDefinition',
    'SettingName',
    'SettingSpec',
    'ShownConnection',
    'ShownOAuth',
    'SourceVariable',
    'StaticTool',
    'TlsConfig',
    'ToolListKind',
    'TraceLookups',
    'UpstreamConfig',
  ]);
});

it('knows these variables of the environment and no other of ours', () => {
  expect(config.SETTINGS.map(({ variable }) => variable)).toEqual([
    'LOCKSTEP_HOST',
    'LOCKSTEP_PORT',
    'LOCKSTEP_ADMIN_HOST',
    'LOCKSTEP_ADMIN_PORT',
    'LOCKSTEP_ADMIN_HOSTS',
    'LOCKSTEP_TIER_URL',
    'LOCKSTEP_TIER_CA_FILE',
    'LOCKSTEP_TIER_CERT_FILE',
    'LOCKSTEP_TIER_KEY_FILE',
    'LOCKSTEP_TIER_SERVER_NAME',
    'LOCKSTEP_BUS_URL',
    'LOCKSTEP_BUS_CA_FILE',
    'LOCKSTEP_BUS_CERT_FILE',
    'LOCKSTEP_BUS_KEY_FILE',
    'LOCKSTEP_BUS_SERVER_NAME',
    'LOCKSTEP_CLUSTER',
    'LOCKSTEP_SECRET',
    'LOCKSTEP_SECRET_FILE',
    'LOCKSTEP_ENCRYPTION_KEYS',
    'LOCKSTEP_ENCRYPTION_KEYS_FILE',
    'LOCKSTEP_MAX_STALENESS_MS',
    'LOCKSTEP_DURABILITY_REPLICAS',
    'LOCKSTEP_DURABILITY_TIMEOUT_MS',
    'LOCKSTEP_TOOLS_TTL_MS',
    'LOCKSTEP_GATEWAY_CONFIG_TTL_MS',
    'LOCKSTEP_OAUTH_TOKENS',
    'LOCKSTEP_CONNECT_TIMEOUT_MS',
    'LOCKSTEP_DISCOVERY_TIMEOUT_MS',
    'LOCKSTEP_DISCOVERY_PATIENCE_MS',
    'LOCKSTEP_TOOL_CALL_TIMEOUT_MS',
    'LOCKSTEP_SERVER_CONCURRENCY_MAX',
    'LOCKSTEP_CONNECTIONS_MAX',
    'LOCKSTEP_RESPONSE_BYTES_MAX',
    'LOCKSTEP_TOOL_LIST',
    'LOCKSTEP_PRELOAD_TIMEOUT_MS',
    'LOCKSTEP_TRACE_LOOKUPS',
    'LOCKSTEP_START_PATIENCE_MS',
    'LOCKSTEP_DRAIN_DELAY_MS',
    'LOCKSTEP_DRAIN_TIMEOUT_MS',
    'LOCKSTEP_LOG_LEVEL',
  ]);
});
