import { z } from 'zod';
import { field } from './field.ts';
import type { LogLevel } from './setting-values.ts';

const HOURS_MAX = 30 * 24;
const LOG_LEVELS: Readonly<Record<string, LogLevel>> = {
  DEBUG: 'debug',
  INFO: 'info',
  WARNING: 'warn',
  WARN: 'warn',
  ERROR: 'error',
  CRITICAL: 'fatal',
};

const seconds = (max: number): z.ZodType<number | undefined> =>
  field(z.number().gt(0).max(max), `a number of seconds above 0, at most ${max}`).optional();
const hours = field(z.number().gt(0).max(HOURS_MAX), `a number of hours above 0, at most ${HOURS_MAX}`).optional();
const flag = field(z.boolean(), 'true or false').optional();
/** Known, and without effect here: any value. */
const noEffect = z.unknown().optional();

const timeoutsSchema = field(
  z.strictObject({
    default_timeout: noEffect,
    guardrail_timeout: noEffect,
    auth_timeout: noEffect,
    tool_execution_timeout: seconds(3_600),
    discovery_timeout: seconds(600),
    cache_timeout: noEffect,
    connectivity_timeout: noEffect,
    escalation_policies: noEffect,
  }),
  'an object of timeouts in seconds',
);

/** The `common_mcp_gateway_config` section, by the names of the description that this gateway follows. */
export interface SeedSettings {
  readonly enkrypt_log_level?: string | undefined;
  readonly enkrypt_mcp_use_external_cache?: boolean | undefined;
  readonly enkrypt_cache_host?: string | undefined;
  readonly enkrypt_cache_port?: number | undefined;
  readonly enkrypt_cache_db?: number | undefined;
  readonly enkrypt_cache_password?: string | null | undefined;
  readonly enkrypt_tool_cache_expiration?: number | undefined;
  readonly enkrypt_gateway_cache_expiration?: number | undefined;
  readonly timeout_settings?:
    | { readonly tool_execution_timeout?: number | undefined; readonly discovery_timeout?: number | undefined }
    | undefined;
}

const shape = {
  enkrypt_log_level: field(
    z.string().refine((level) => level.toUpperCase() in LOG_LEVELS),
    `one of: ${Object.keys(LOG_LEVELS).join(', ')}`,
  ).optional(),
  enkrypt_mcp_use_external_cache: flag,
  enkrypt_cache_host: field(z.string().min(1).max(253), 'a host name or address').optional(),
  enkrypt_cache_port: field(z.int().min(1).max(65_535), 'a whole number from 1 to 65535').optional(),
  enkrypt_cache_db: field(z.int().min(0).max(65_535), 'a whole number, 0 or more').optional(),
  enkrypt_cache_password: field(z.string().nullable(), 'a password, or null for none', { secret: true }).optional(),
  enkrypt_tool_cache_expiration: hours,
  enkrypt_gateway_cache_expiration: hours,
  timeout_settings: timeoutsSchema.optional(),
  enkrypt_use_remote_mcp_config: field(
    z.literal(false),
    'false: gateway configurations come from this file, not from a remote service',
  ).optional(),
  enkrypt_remote_mcp_gateway_name: noEffect,
  enkrypt_remote_mcp_gateway_version: noEffect,
  enkrypt_async_input_guardrails_enabled: field(z.literal(false), 'false: this gateway has no guardrails').optional(),
  enkrypt_async_output_guardrails_enabled: field(z.literal(false), 'false: this gateway has no guardrails').optional(),
  enkrypt_base_url: noEffect,
  enkrypt_api_key: field(z.unknown(), 'a key', { secret: true }).optional(),
  enkrypt_telemetry: noEffect,
};

/** The schema of the section; unknown names in it are errors. */
export const seedSettingsSchema: z.ZodType<SeedSettings> = field(
  z.strictObject(shape),
  'an object of settings',
) as z.ZodType<SeedSettings>;

/** The names of the section that may also be set in the environment, in upper case. */
export const SEED_NAMES: readonly string[] = Object.keys(shape).filter((name) => name.startsWith('enkrypt_'));

/** Names that are accepted for the sake of existing files, and change nothing here. */
export const SEED_NAMES_WITHOUT_EFFECT: readonly string[] = [
  'enkrypt_remote_mcp_gateway_name',
  'enkrypt_remote_mcp_gateway_version',
  'enkrypt_base_url',
  'enkrypt_api_key',
  'enkrypt_telemetry',
];

/** The log level by the name that Python gives it. */
export function logLevelOf(seedLevel: string): LogLevel {
  return LOG_LEVELS[seedLevel.toUpperCase()] ?? 'info';
}

/** The tier's URL that the seed's four names spell. */
export function tierUrlOf(seed: SeedSettings): string {
  const { enkrypt_cache_host: host = 'localhost', enkrypt_cache_port: port = 6379, enkrypt_cache_db: db = 0 } = seed;
  const password = seed.enkrypt_cache_password ?? '';
  const credentials = password === '' ? '' : `:${encodeURIComponent(password)}@`;
  return `redis://${credentials}${host.includes(':') ? `[${host}]` : host}:${port}/${db}`;
}
