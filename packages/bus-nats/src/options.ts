import type { Logger } from '@lockstep/core';
import { CLUSTER_NAME, CLUSTER_NAME_TAKES, ConfigError } from '@lockstep/core';

/**
 * Who this node is to the NATS server: a user with a password, a token, or a file with a user JWT and an nkey seed.
 * The file is read again for every connection, so that it can be rotated in place.
 */
export type NatsCredentials =
  | { readonly user: string; readonly pass: string }
  | { readonly token: string }
  | { readonly credsFile: string };

/** TLS towards the NATS server, as nats.js takes it: PEM texts, or paths of PEM files. */
export interface NatsTls {
  /** The authorities that may sign the server's certificate. Default: those Node trusts. */
  readonly ca?: string;
  readonly caFile?: string;
  /** This node's own certificate, where the server asks for one. */
  readonly cert?: string;
  readonly certFile?: string;
  readonly key?: string;
  readonly keyFile?: string;
  /** The name that the server's certificate is to carry. Default: the one in the URL. */
  readonly servername?: string;
  /** `false` takes any certificate. Default: true. */
  readonly rejectUnauthorized?: boolean;
}

/** Options of `connectNats`. */
export interface NatsBusOptions {
  /**
   * One or more servers of one NATS cluster: `nats://host:port`, `host:port`, or `tls://host:port`, which makes TLS a
   * must. The port defaults to 4222.
   */
  readonly servers: string | readonly string[];
  /** The cluster's name; nodes of other clusters on the same NATS server do not hear this one. */
  readonly cluster: string;
  /** The first part of the subject `<prefix>.<cluster>.inv`; may be several tokens with dots. Default: `lockstep`. */
  readonly prefix?: string;
  /** What the NATS server's monitoring calls this connection. Default: `lockstep`. */
  readonly name?: string;
  /** Default: none are sent. */
  readonly credentials?: NatsCredentials;
  /** Makes TLS a must. Default: TLS is used where the server offers it, or a `tls://` URL asks for it. */
  readonly tls?: NatsTls;
  /** Told when the bus comes and goes. Default: nobody is. */
  readonly logger?: Logger;
  /**
   * How often the server is asked whether it is alive, in milliseconds; a connection on which three such times pass
   * without an answer is given up as stale. Default: 2 000.
   */
  readonly pingIntervalMs?: number;
  /** A server that has not completed the handshake after this time is given up, in milliseconds. Default: 5 000. */
  readonly connectTimeoutMs?: number;
  /** The longest wait between two attempts to connect, in milliseconds; the first waits are shorter. Default: 2 000. */
  readonly reconnectDelayMaxMs?: number;
  /**
   * How many bytes may be on their way to a server that has not confirmed them; beyond that messages are dropped.
   * Default: 8 388 608 (8 MiB).
   */
  readonly pendingBytesMax?: number;
}

/** {@link NatsBusOptions}, checked and complete. */
export interface NatsBusConfig {
  readonly servers: readonly string[];
  readonly subject: string;
  readonly name: string;
  readonly credentials: NatsCredentials | undefined;
  readonly tls: NatsTls | undefined;
  readonly logger: Logger | undefined;
  readonly pingIntervalMs: number;
  readonly connectTimeoutMs: number;
  readonly reconnectDelayMaxMs: number;
  readonly pendingBytesMax: number;
}

const DEFAULT_PREFIX = 'lockstep';
const DEFAULT_NAME = 'lockstep';

interface Range {
  readonly min: number;
  readonly max: number;
  readonly byDefault: number;
}

/** What the numeric options take: times in milliseconds, up to ten minutes, and bytes. */
const RANGES = {
  pingIntervalMs: { min: 50, max: 600_000, byDefault: 2_000 },
  connectTimeoutMs: { min: 50, max: 600_000, byDefault: 5_000 },
  reconnectDelayMaxMs: { min: 10, max: 600_000, byDefault: 2_000 },
  pendingBytesMax: { min: 1_048_576, max: 1_073_741_824, byDefault: 8_388_608 },
} as const satisfies Record<string, Range>;

/** Tokens of a subject, without the characters that mean something there: wildcards, white space. */
const TOKENS = /^[A-Za-z0-9_-]{1,64}(\.[A-Za-z0-9_-]{1,64}){0,7}$/;

/** Checks the options; throws a `ConfigError` that names every wrong field, what it got, and what it takes. */
export function parseNatsOptions(options: NatsBusOptions): NatsBusConfig {
  const problems: string[] = [];
  const number = (field: keyof typeof RANGES): number => {
    const { min, max, byDefault } = RANGES[field];
    const value = options[field] ?? byDefault;
    if (!Number.isSafeInteger(value) || value < min || value > max) {
      problems.push(`${field}: got ${show(value)}, takes a whole number from ${min} to ${max}`);
    }
    return value;
  };
  const { cluster, prefix = DEFAULT_PREFIX, name = DEFAULT_NAME, credentials } = options;
  const servers = parseServers(options.servers, problems);
  if (typeof cluster !== 'string' || !CLUSTER_NAME.test(cluster)) {
    problems.push(`cluster: got ${show(cluster)}, takes ${CLUSTER_NAME_TAKES}`);
  }
  if (typeof prefix !== 'string' || !TOKENS.test(prefix)) {
    problems.push(`prefix: got ${show(prefix)}, takes 1 to 8 tokens of A-Z a-z 0-9 _ - with dots between them`);
  }
  if (typeof name !== 'string' || name === '') {
    problems.push(`name: got ${show(name)}, takes a text`);
  }
  if (credentials !== undefined && !isCredentials(credentials)) {
    problems.push(
      'credentials: got something else (masked), takes { user, pass }, { token } or { credsFile }, of texts',
    );
  }
  const config: NatsBusConfig = {
    servers,
    subject: `${prefix}.${cluster}.inv`,
    name,
    credentials,
    tls: options.tls ?? (servers.some((server) => server.startsWith('tls://')) ? {} : undefined),
    logger: options.logger,
    pingIntervalMs: number('pingIntervalMs'),
    connectTimeoutMs: number('connectTimeoutMs'),
    reconnectDelayMaxMs: number('reconnectDelayMaxMs'),
    pendingBytesMax: number('pendingBytesMax'),
  };
  if (problems.length > 0) {
    throw new ConfigError(`the NATS bus cannot use its options: ${problems.join('; ')}`);
  }
  return config;
}

function parseServers(given: unknown, problems: string[]): readonly string[] {
  const servers: readonly unknown[] = typeof given === 'string' ? [given] : Array.isArray(given) ? given : [];
  if (servers.length === 0) {
    problems.push(`servers: got ${show(given)}, takes a server's URL, or a list of one or more`);
  }
  for (const [index, server] of servers.entries()) {
    const problem = serverProblem(server);
    if (problem !== undefined) {
      problems.push(`${typeof given === 'string' ? 'servers' : `servers[${index}]`}: ${problem}`);
    }
  }
  return servers.filter((server) => typeof server === 'string');
}

function serverProblem(server: unknown): string | undefined {
  const takes = 'takes nats://host:port, tls://host:port or host:port';
  if (typeof server !== 'string' || server === '') {
    return `got ${show(server)}, ${takes}`;
  }
  if (server.includes('@')) {
    return 'got a URL with a user in it (masked), takes one without: the user belongs into credentials';
  }
  const text = server.includes('://') ? server : `nats://${server}`;
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isServer =
    url !== undefined &&
    ['nats:', 'tls:'].includes(url.protocol) &&
    url.hostname !== '' &&
    ['', '/'].includes(url.pathname + url.search + url.hash);
  return isServer ? undefined : `got ${show(server)}, ${takes}`;
}

function isCredentials(given: unknown): boolean {
  const entries = Object.entries(given ?? {});
  const fields = entries.map(([field]) => field).sort();
  return (
    ['pass,user', 'token', 'credsFile'].includes(fields.join()) &&
    entries.every(([, value]) => typeof value === 'string' && value !== '')
  );
}

function show(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value) : String(value);
}
