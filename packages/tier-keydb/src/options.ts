import type { ConnectionOptions } from 'node:tls';
import type { Logger } from '@lockstep/core';
import { CLUSTER_NAME, CLUSTER_NAME_TAKES, ConfigError } from '@lockstep/core';
import type { KeydbTls } from './tls.ts';
import { tlsOptions } from './tls.ts';

const COMMAND_TIMEOUT_MS = 250;
const CONNECT_TIMEOUT_MS = 2_000;
const LOG_EVENTS = 10_000;
/** Twice the longest life of an entry under the default policies: what was born before a pruned epoch is long gone. */
const EPOCHS_KEEP_MS = 2 * 24 * 3_600_000;
/** Enough to keep a server busy, few enough that each is answered long before its time is over. */
const IN_FLIGHT_CALLS = 128;
const QUEUED_CALLS = 100_000;
const PORT = 6379;

/** Whether the tier can be reached; without, every call rejects at once, and the reason says why. */
export type KeydbState = { readonly connected: true } | { readonly connected: false; readonly reason: string };

/** Options of `connectKeydb`. */
export interface KeydbTierOptions {
  /**
   * Where the primary is: `redis://[user:password@]host[:port][/database]`, or `rediss://…` for TLS.
   * Percent-encode what is special in user and password. Default port: 6379; database: 0.
   */
  readonly url: string;
  /** Name of the cluster of nodes, part of every key: 1 to 64 letters, digits, `_` and `-`, not first `_` or `-`. */
  readonly cluster: string;
  /**
   * How long the server may be silent before a call rejects, in ms; it may still take effect. While the server answers
   * other calls, four times as long. Default: 250.
   */
  readonly commandTimeoutMs?: number;
  /** How long one attempt to connect takes at most, in ms. Default: 2000. */
  readonly connectTimeoutMs?: number;
  /** About how many events each partition's log keeps; nodes that missed more start over. Default: 10 000. */
  readonly logMax?: number;
  /** How long the epoch of a cleared scope is kept, in ms: twice the longest life of an entry. Default: 48 h. */
  readonly epochsKeepMs?: number;
  /** How many reads and writes are on their way at most; more wait their turn. Heartbeats wait for nobody. Default: 128. */
  readonly inFlightMax?: number;
  /** How many calls wait their turn at most; a further one rejects with `overloaded`. Default: 100 000. */
  readonly queueMax?: number;
  /**
   * Certificates and the like for `rediss://`: what Node's `tls.connect` takes, and `caFile`, `certFile`, `keyFile`.
   * Default: the authorities that Node trusts.
   */
  readonly tls?: KeydbTls;
  /** Where connections made and lost are told. Default: nowhere. */
  readonly logger?: Logger;
  /** Hears of every connection made, lost, or refused for another reason than before. Default: nobody does. */
  readonly onState?: (state: KeydbState) => void;
}

/** Complete and checked {@link KeydbTierOptions}. */
export interface KeydbTierConfig {
  readonly host: string;
  readonly port: number;
  readonly database: number;
  readonly username: string | undefined;
  readonly password: string | undefined;
  readonly tls: ConnectionOptions | undefined;
  /** The URL without its credentials, for messages. */
  readonly server: string;
  readonly cluster: string;
  readonly commandTimeoutMs: number;
  readonly connectTimeoutMs: number;
  readonly logMax: number;
  readonly epochsKeepMs: number;
  readonly inFlightMax: number;
  readonly queueMax: number;
  readonly logger: Logger;
  readonly onState: (state: KeydbState) => void;
}

const SILENT: Logger = { info() {}, warn() {}, error() {} };

/** Completes options; throws a `ConfigError` that names every one that cannot be used. */
export function resolveOptions(options: KeydbTierOptions): KeydbTierConfig {
  const problems: string[] = [];
  const server = parseUrl(options.url, problems);
  const atLeastOne = (name: keyof KeydbTierOptions, fallback: number): number => {
    const value = options[name] ?? fallback;
    if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1) return value;
    problems.push(`${name}: got ${String(value)}, takes a whole number from 1 on`);
    return fallback;
  };
  if (typeof options.cluster !== 'string' || !CLUSTER_NAME.test(options.cluster)) {
    problems.push(`cluster: got ${JSON.stringify(options.cluster)}, takes ${CLUSTER_NAME_TAKES}`);
  }
  const config: KeydbTierConfig = {
    ...server,
    tls: server.isTls ? tlsOptions(options.tls ?? {}, problems) : undefined,
    cluster: options.cluster,
    commandTimeoutMs: atLeastOne('commandTimeoutMs', COMMAND_TIMEOUT_MS),
    connectTimeoutMs: atLeastOne('connectTimeoutMs', CONNECT_TIMEOUT_MS),
    logMax: atLeastOne('logMax', LOG_EVENTS),
    epochsKeepMs: atLeastOne('epochsKeepMs', EPOCHS_KEEP_MS),
    inFlightMax: atLeastOne('inFlightMax', IN_FLIGHT_CALLS),
    queueMax: atLeastOne('queueMax', QUEUED_CALLS),
    logger: options.logger ?? SILENT,
    onState: options.onState ?? (() => {}),
  };
  if (problems.length > 0) throw new ConfigError(`the tier's options cannot be used: ${problems.join('; ')}`);
  return config;
}

type ServerAddress = Pick<KeydbTierConfig, 'host' | 'port' | 'database' | 'username' | 'password' | 'server'> & {
  readonly isTls: boolean;
};

const NOWHERE: ServerAddress = {
  host: '',
  port: PORT,
  database: 0,
  username: undefined,
  password: undefined,
  server: '',
  isTls: false,
};

/** The problem never quotes the URL: it may hold a password. */
function parseUrl(text: string, problems: string[]): ServerAddress {
  try {
    const url = new URL(text);
    const database = /^\/?$/.test(url.pathname) ? 0 : Number(/^\/(\d{1,5})$/.exec(url.pathname)?.[1] ?? Number.NaN);
    if (!/^rediss?:$/.test(url.protocol) || url.hostname === '' || url.search !== '' || Number.isNaN(database)) {
      throw new TypeError('not of that form');
    }
    const masked = url.username === '' && url.password === '' ? '' : '***@';
    const port = url.port === '' ? PORT : Number(url.port);
    return {
      host: url.hostname.replace(/^\[(.*)\]$/, '$1'),
      port,
      database,
      username: url.username === '' ? undefined : decodeURIComponent(url.username),
      password: url.password === '' ? undefined : decodeURIComponent(url.password),
      server: `${url.protocol}//${masked}${url.hostname}:${port}/${database}`,
      isTls: url.protocol === 'rediss:',
    };
  } catch {
    problems.push('url: takes redis://[user:password@]host[:port][/database], or rediss://… for TLS');
    return NOWHERE;
  }
}
