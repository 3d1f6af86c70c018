// The admin API
export type { AdminConfig, AdminLimits, AdminToken } from './admin.ts';

// Loading
export type { Environment } from './environment.ts';
export { CONFIG_VARIABLE } from './environment.ts';
export type { ReadText } from './file.ts';
export type { ConfigLocation, SourceVariable } from './location.ts';
export { locateConfig, SOURCE_VARIABLES } from './location.ts';
export type { ClusterConfig, ConfigSources, DrainConfig, GatewayConfig, UpstreamConfig } from './load.ts';
export { loadGatewayConfig } from './load.ts';
export type { Parsed } from './parse.ts';

// Problems
export type { ConfigProblem } from './problem.ts';
export { formatProblems } from './problem.ts';

// Gateways, keys and servers
export type { StaticTool } from './gateway-document.ts';
export type { KeyRole } from './role.ts';
export type {
  GatewayDefinition,
  GatewayDirectory,
  GatewayKey,
  ServerConnection,
  ServerDefinition,
} from './gateway.ts';
export type { OAuthClient } from './oauth.ts';

// Settings
export type { LogLevel, SettingName, ToolListKind, TraceLookups } from './setting-values.ts';
export type { SettingSpec } from './setting-spec.ts';
export type { TlsConfig } from './tls.ts';
export { SETTINGS } from './settings.ts';

// What may be shown
export type { ShownConnection, ShownOAuth } from './redact.ts';
export { redactConfig, showConnection } from './redact.ts';
