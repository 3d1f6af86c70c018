/** The name of a setting. */
export type SettingName = keyof SettingValues;

/** What was set: by name, as parsed. */
export interface SettingValues {
  readonly host?: string;
  readonly port?: number;
  readonly adminHost?: string;
  readonly adminPort?: number;
  readonly adminHosts?: string;
  readonly tierUrl?: string;
  readonly tierCaFile?: string;
  readonly tierCertFile?: string;
  readonly tierKeyFile?: string;
  readonly tierServerName?: string;
  readonly busUrl?: string;
  readonly busCaFile?: string;
  readonly busCertFile?: string;
  readonly busKeyFile?: string;
  readonly busServerName?: string;
  readonly cluster?: string;
  readonly secret?: string;
  readonly secretFile?: string;
  readonly encryptionKeys?: string;
  readonly encryptionKeysFile?: string;
  readonly maxStalenessMs?: number;
  readonly durabilityReplicas?: number;
  readonly durabilityTimeoutMs?: number;
  readonly toolsTtlMs?: number;
  readonly gatewayConfigTtlMs?: number;
  readonly oauthTokens?: 'near' | 'shared';
  readonly connectTimeoutMs?: number;
  readonly discoveryTimeoutMs?: number;
  readonly discoveryPatienceMs?: number;
  readonly toolCallTimeoutMs?: number;
  readonly serverConcurrencyMax?: number;
  readonly connectionsMax?: number;
  readonly responseBytesMax?: number;
  readonly toolList?: ToolListKind;
  readonly preloadTimeoutMs?: number;
  readonly traceLookups?: TraceLookups;
  readonly startPatienceMs?: number;
  readonly drainDelayMs?: number;
  readonly drainTimeoutMs?: number;
  readonly logLevel?: LogLevel;
}

/** The least level that is logged. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/** Which lookups of the caches have a span, where traces are exported. */
export type TraceLookups = 'all' | 'misses' | 'off';

/** What the gateway's own tool list holds: its own tools alone, or those of the servers too. */
export type ToolListKind = 'merged' | 'own';
