import { CLUSTER_NAME, CLUSTER_NAME_TAKES } from '@lockstep/core';
import { z } from 'zod';
import { field } from './field.ts';
import type { SettingRow, SettingSpec } from './setting-spec.ts';
import type { SettingName, SettingValues } from './setting-values.ts';
import { tlsSettings } from './tls-settings.ts';

const HOUR_MS = 3_600_000;

const text = (max: number): z.ZodString => z.string().min(1).max(max);
const whole = (min: number, max: number): z.ZodNumber => z.int().min(min).max(max);
/** One URL, or several with commas between, each with a port that there is. */
const url = (pattern: RegExp): z.ZodString =>
  z
    .string()
    .max(2_000)
    .regex(pattern, { abort: true })
    .refine((urls) => urls.split(',').every((one) => URL.canParse(one)));

/** One or more host names. */
const HOST_NAMES = /^[A-Za-z0-9._-]{1,253}([\s,]+[A-Za-z0-9._-]{1,253})*$/;

/** One or more of `id:64 hexadecimal characters`. */
export const ENCRYPTION_KEYS: RegExp = /^[A-Za-z0-9._-]{1,64}:[0-9a-f]{64}([\s,]+[A-Za-z0-9._-]{1,64}:[0-9a-f]{64})*$/;

const ROWS: Readonly<Record<SettingName, SettingRow>> = {
  host: {
    variable: 'LOCKSTEP_HOST',
    seedName: undefined,
    schema: text(253),
    takes: 'a host name or address to listen on',
    fallback: '127.0.0.1',
    meaning: 'Where the node listens. `0.0.0.0` listens on every interface.',
  },
  port: {
    variable: 'LOCKSTEP_PORT',
    seedName: undefined,
    schema: whole(0, 65_535),
    takes: 'a whole number from 0 to 65535; 0 takes any free port',
    fallback: 8000,
    meaning: 'The TCP port to listen on.',
  },
  adminHost: {
    variable: 'LOCKSTEP_ADMIN_HOST',
    seedName: undefined,
    schema: text(253),
    takes: 'a host name or address to listen on',
    fallback: '127.0.0.1',
    meaning: 'Where the admin API listens, if `admin_tokens` has any.',
  },
  adminPort: {
    variable: 'LOCKSTEP_ADMIN_PORT',
    seedName: undefined,
    schema: whole(0, 65_535),
    takes: 'a whole number from 0 to 65535; 0 takes any free port',
    fallback: 8001,
    meaning: 'The TCP port of the admin API.',
  },
  adminHosts: {
    variable: 'LOCKSTEP_ADMIN_HOSTS',
    seedName: undefined,
    schema: text(4_096).regex(HOST_NAMES),
    takes: 'a host name, or several with commas between',
    fallback: undefined,
    meaning:
      'By which names the admin API is asked besides `adminHost`: those of a proxy, or of a Kubernetes Service. Another name in `Host` is refused.',
  },
  tierUrl: {
    variable: 'LOCKSTEP_TIER_URL',
    seedName: 'enkrypt_mcp_use_external_cache, enkrypt_cache_host, _port, _db, _password',
    schema: url(/^rediss?:\/\/[^\s/]+(\/\d+)?$/),
    takes: 'a URL redis://[user:password@]host[:port][/db], or rediss:// for TLS',
    fallback: undefined,
    meaning: 'The shared tier (KeyDB, Redis, Valkey). Without it the node runs alone, in `local` mode.',
  },
  ...tlsSettings('tier', 'LOCKSTEP_TIER'),
  busUrl: {
    variable: 'LOCKSTEP_BUS_URL',
    seedName: undefined,
    schema: url(/^(nats|tls):\/\/[^\s,/]+\/?(,(nats|tls):\/\/[^\s,/]+\/?)*$/),
    takes: 'a URL nats://[user:password@]host[:port], or tls:// for TLS, or several with commas between',
    fallback: undefined,
    meaning: 'The invalidation bus (NATS). Without it a clear reaches the other nodes with their next heartbeat.',
  },
  ...tlsSettings('bus', 'LOCKSTEP_BUS'),
  cluster: {
    variable: 'LOCKSTEP_CLUSTER',
    seedName: undefined,
    schema: z.string().regex(CLUSTER_NAME),
    takes: CLUSTER_NAME_TAKES,
    fallback: 'lockstep',
    meaning: 'The nodes that share a tier and a bus under this name are one cluster.',
  },
  secret: {
    variable: 'LOCKSTEP_SECRET',
    seedName: undefined,
    secret: true,
    schema: z.string().min(32).max(4_096),
    takes: 'at least 32 characters, the same on every node (openssl rand -hex 32)',
    fallback: undefined,
    meaning:
      'Hides keys in the tier and on the bus, and encrypts values where `encryptionKeys` does not. Needed in cluster mode.',
  },
  secretFile: {
    variable: 'LOCKSTEP_SECRET_FILE',
    seedName: undefined,
    schema: text(4_096),
    takes: 'the path of a file that holds the secret',
    fallback: undefined,
    meaning: 'Where to read the secret from, instead of `secret`. White space at its end is dropped.',
  },
  encryptionKeys: {
    variable: 'LOCKSTEP_ENCRYPTION_KEYS',
    seedName: undefined,
    secret: true,
    schema: text(4_096).regex(ENCRYPTION_KEYS),
    takes: 'id:key, or several with commas between; a key is 32 bytes in hexadecimal (openssl rand -hex 32)',
    fallback: undefined,
    meaning:
      'Keys that encrypt values in the tier: the first encrypts, all decrypt. Without them one that is made of `secret` does.',
  },
  encryptionKeysFile: {
    variable: 'LOCKSTEP_ENCRYPTION_KEYS_FILE',
    seedName: undefined,
    schema: text(4_096),
    takes: 'the path of a file that holds the encryption keys',
    fallback: undefined,
    meaning: 'Where to read them from, instead of `encryptionKeys`; one a line, or with commas between.',
  },
  maxStalenessMs: {
    variable: 'LOCKSTEP_MAX_STALENESS_MS',
    seedName: undefined,
    schema: whole(100, 10_000),
    takes: 'a whole number of milliseconds from 100 to 10000',
    fallback: 2_000,
    meaning: 'How old an answer may be, whatever the bus loses (Δ of the protocol).',
  },
  durabilityReplicas: {
    variable: 'LOCKSTEP_DURABILITY_REPLICAS',
    seedName: undefined,
    schema: whole(0, 100),
    takes: 'a whole number from 0 to 100; 0 waits for none',
    fallback: 0,
    meaning:
      "How many of the tier's replicas a clear waits for before it is answered: a failover to one of them keeps it.",
  },
  durabilityTimeoutMs: {
    variable: 'LOCKSTEP_DURABILITY_TIMEOUT_MS',
    seedName: undefined,
    schema: whole(10, 10_000),
    takes: 'a whole number of milliseconds from 10 to 10000',
    fallback: 100,
    meaning: 'How long they are waited for; the clear is then answered all the same, and says how many have it.',
  },
  toolsTtlMs: {
    variable: 'LOCKSTEP_TOOLS_TTL_MS',
    seedName: 'enkrypt_tool_cache_expiration (hours)',
    schema: whole(1_000, 30 * 24 * HOUR_MS),
    takes: 'a whole number of milliseconds from 1000 to 2592000000 (30 days)',
    fallback: 4 * HOUR_MS,
    meaning: "How long a server's tool list is kept.",
  },
  gatewayConfigTtlMs: {
    variable: 'LOCKSTEP_GATEWAY_CONFIG_TTL_MS',
    seedName: 'enkrypt_gateway_cache_expiration (hours)',
    schema: whole(1_000, 30 * 24 * HOUR_MS),
    takes: 'a whole number of milliseconds from 1000 to 2592000000 (30 days)',
    fallback: 24 * HOUR_MS,
    meaning: 'How long a gateway configuration, and the gateway a key belongs to, are kept.',
  },
  oauthTokens: {
    variable: 'LOCKSTEP_OAUTH_TOKENS',
    seedName: undefined,
    schema: z.enum(['near', 'shared']),
    takes: 'near, or shared',
    fallback: 'near',
    meaning:
      'Where OAuth access tokens are: in the memory of each node alone, or also in the tier, encrypted, one for all nodes. `shared` needs `encryptionKeys`.',
  },
  connectTimeoutMs: {
    variable: 'LOCKSTEP_CONNECT_TIMEOUT_MS',
    seedName: undefined,
    schema: whole(100, 600_000),
    takes: 'a whole number of milliseconds from 100 to 100000',
    fallback: 15_000,
    meaning: 'How long an MCP server may take to start, or to be reached, and to shake hands.',
  },
  discoveryTimeoutMs: {
    variable: 'LOCKSTEP_DISCOVERY_TIMEOUT_MS',
    seedName: 'timeout_settings.discovery_timeout (seconds)',
    schema: whole(100, 600_000),
    takes: 'a whole number of milliseconds from 100 to 100000',
    fallback: 20_000,
    meaning: 'How long a whole discovery of one server may take, its connection included.',
  },
  discoveryPatienceMs: {
    variable: 'LOCKSTEP_DISCOVERY_PATIENCE_MS',
    seedName: undefined,
    schema: whole(50, 600_000),
    takes: 'a whole number of milliseconds from 50 to 600000',
    fallback: 5_000,
    meaning: 'How long an answer about several servers waits for the slowest; it then says `pending` for the rest.',
  },
  toolCallTimeoutMs: {
    variable: 'LOCKSTEP_TOOL_CALL_TIMEOUT_MS',
    seedName: 'timeout_settings.tool_execution_timeout (seconds)',
    schema: whole(100, 3_600_000),
    takes: 'a whole number of milliseconds from 100 to 3600000',
    fallback: 60_000,
    meaning: 'How long one tool call may take.',
  },
  serverConcurrencyMax: {
    variable: 'LOCKSTEP_SERVER_CONCURRENCY_MAX',
    seedName: undefined,
    schema: whole(1, 1_000),
    takes: 'a whole number from 1 to 1000',
    fallback: 8,
    meaning: 'How many requests one MCP server connection carries at once; eight times as many may wait.',
  },
  connectionsMax: {
    variable: 'LOCKSTEP_CONNECTIONS_MAX',
    seedName: undefined,
    schema: whole(1, 10_000),
    takes: 'a whole number from 1 to 10000',
    fallback: 64,
    meaning: 'How many MCP server connections (for stdio: processes) a node keeps; the longest idle one makes room.',
  },
  responseBytesMax: {
    variable: 'LOCKSTEP_RESPONSE_BYTES_MAX',
    seedName: undefined,
    schema: whole(65_536, 268_435_456),
    takes: 'a whole number of bytes from 65536 to 268435456 (256 MiB)',
    fallback: 16_777_216,
    meaning: 'The largest answer of an MCP server that the node reads; a larger one is refused.',
  },
  toolList: {
    variable: 'LOCKSTEP_TOOL_LIST',
    seedName: undefined,
    schema: z.enum(['merged', 'own']),
    takes: 'one of: merged, own',
    fallback: 'merged',
    meaning:
      "What `tools/list` of the gateway answers: `merged`, also every tool of the key's servers; `own`, its own alone.",
  },
  preloadTimeoutMs: {
    variable: 'LOCKSTEP_PRELOAD_TIMEOUT_MS',
    seedName: undefined,
    schema: whole(0, 600_000),
    takes: 'a whole number of milliseconds from 0 to 600000; 0: tools are discovered when asked for',
    fallback: 10_000,
    meaning: 'How long a node that starts may discover the tools of all servers before it says that it is ready.',
  },
  traceLookups: {
    variable: 'LOCKSTEP_TRACE_LOOKUPS',
    seedName: undefined,
    schema: z.enum(['all', 'misses', 'off']),
    takes: 'one of: all, misses, off',
    fallback: 'all',
    meaning:
      'Which lookups of the caches have a span, where `OTEL_*` variables have traces exported: `misses`, those that the near-cache did not answer.',
  },
  startPatienceMs: {
    variable: 'LOCKSTEP_START_PATIENCE_MS',
    seedName: undefined,
    schema: whole(0, 3_600_000),
    takes: 'a whole number of milliseconds from 0 to 3600000; 0: it does not wait for its cluster',
    fallback: 300_000,
    meaning:
      'How long `/startupz` says `starting` of a node that has not found its cluster; then it has started, degraded.',
  },
  drainDelayMs: {
    variable: 'LOCKSTEP_DRAIN_DELAY_MS',
    seedName: undefined,
    schema: whole(0, 600_000),
    takes: 'a whole number of milliseconds from 0 to 600000; 0: the port closes at once',
    fallback: 0,
    meaning: 'How long after SIGTERM the node goes on taking requests, so that proxies see first that it is leaving.',
  },
  drainTimeoutMs: {
    variable: 'LOCKSTEP_DRAIN_TIMEOUT_MS',
    seedName: undefined,
    schema: whole(0, 3_600_000),
    takes: 'a whole number of milliseconds from 0 to 3600000',
    fallback: 4_000,
    meaning: 'How long requests that are under way when the port closes may go on before they are broken off.',
  },
  logLevel: {
    variable: 'LOCKSTEP_LOG_LEVEL',
    seedName: 'enkrypt_log_level',
    schema: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']),
    takes: 'one of: trace, debug, info, warn, error, fatal, silent',
    fallback: 'info',
    meaning: 'The least level that is logged.',
  },
};

const NAMES = Object.keys(ROWS) as SettingName[];

/** Every setting, in the order of the options table. */
export const SETTINGS: readonly SettingSpec[] = NAMES.map((name) => {
  const { variable, seedName, takes, fallback, meaning } = ROWS[name];
  return { name, variable, seedName, takes, fallback, meaning };
});

const shape = Object.fromEntries(
  NAMES.map((name) => {
    const { schema, takes, secret } = ROWS[name];
    return [name, field(schema, takes, { secret: secret === true }).optional()];
  }),
);

/** The `lockstep` section of the file, and what the environment sets of it. */
export const settingsSchema: z.ZodType<SettingValues> = field(
  z.strictObject(shape),
  'an object of settings',
) as unknown as z.ZodType<SettingValues>;
