import { TLSSocket } from 'node:tls';
import { Redis } from 'ioredis';
import { tierError } from './failure.ts';
import { KeyLayout } from './key-layout.ts';
import type { KeydbTierOptions } from './options.ts';
import { resolveOptions } from './options.ts';
import { millisOf } from './reply.ts';
import { SocketConnector } from './socket-connector.ts';
import { factsOf, wholeOr0 } from './status.ts';

/** What a tier's server says of itself to this user; `probeKeydb` makes it. Undefined: this user may not see it. */
export interface KeydbReport {
  readonly version: string;
  /** What it calls itself, where it does: Valkey has its own name and version beside Redis's. */
  readonly flavor: string | undefined;
  readonly role: 'primary' | 'replica' | 'unknown';
  readonly isClusterNode: boolean;
  readonly usedMemoryBytes: number;
  /** 0: as much as the machine has. */
  readonly memoryBytesMax: number;
  readonly evictionPolicy: string;
  /** Whether that policy can take what has no TTL: heads, logs, leases. */
  readonly evictsMetadata: boolean;
  readonly evictedKeys: number;
  readonly keys: number;
  readonly persistence: KeydbPersistence;
  readonly replicas: readonly KeydbReplica[];
  /** How many replicas the primary asks for before it takes a write; 0: none. */
  readonly replicasToWriteMin: number | undefined;
  /** How much its clock is ahead of this machine's, in ms. The truth lies at most half a round trip off. */
  readonly clockAheadMs: number;
  readonly roundTripMs: number;
  readonly isTls: boolean;
  /** The last moment of its certificate, in ms since 1970; undefined without TLS. */
  readonly certificateEndMs: number | undefined;
  /** Whether the user that the URL names, or its want of one, may run the tier's scripts; else why not. */
  readonly refusal: string | undefined;
}

/** What a server writes to its disk. */
export interface KeydbPersistence {
  readonly appendOnly: boolean;
  /** Whether it saves snapshots by itself. */
  readonly snapshots: boolean | undefined;
  /** What of it has failed last: `append-only` or `snapshot`; empty: nothing. */
  readonly failing: readonly string[];
}

/** A replica, as its primary sees it. */
export interface KeydbReplica {
  readonly address: string;
  readonly isOnline: boolean;
  /** Seconds since it acknowledged last. */
  readonly lagSeconds: number;
}

/**
 * Connects once, asks, and leaves; writes nothing. Rejects as a call of the tier does: `tier-unavailable` where there is
 * no answer, `tier-refused` where the server lets nobody in.
 */
export async function probeKeydb(
  options: Pick<KeydbTierOptions, 'url' | 'cluster' | 'tls' | 'connectTimeoutMs' | 'commandTimeoutMs'>,
): Promise<KeydbReport> {
  const config = resolveOptions(options);
  const { server, host, port, database, username, password, tls, connectTimeoutMs, commandTimeoutMs } = config;
  const client = new Redis({
    ...{ host, port, db: database, username, password, tls, connectTimeout: connectTimeoutMs },
    commandTimeout: commandTimeoutMs,
    Connector: SocketConnector,
    protocol: 2,
    connectionName: 'lockstep',
    disableClientInfo: true,
    lazyConnect: true,
    retryStrategy: () => null,
    maxRetriesPerRequest: 0,
  });
  // The reason why the connection fails; `connect` itself says only that it was closed.
  let reason: unknown;
  client.on('error', (error: unknown) => {
    reason ??= error;
  });
  try {
    await client.connect();
    return await ask(client, new KeyLayout(config.cluster));
  } catch (error) {
    throw tierError(reason ?? error, { what: 'asking the tier', server, isFirst: true });
  } finally {
    client.disconnect();
  }
}

async function ask(client: Redis, keys: KeyLayout): Promise<KeydbReport> {
  const facts = factsOf([await client.info()]);
  const evictionPolicy = facts.get('maxmemory_policy') ?? 'unknown';
  const { stream } = client as unknown as { readonly stream: unknown };
  const isTls = stream instanceof TLSSocket;
  const end = isTls ? Date.parse(stream.getPeerCertificate().valid_to) : Number.NaN;
  return {
    version: facts.get('redis_version') ?? 'unknown',
    flavor: flavorOf(facts),
    role: roleOf(facts.get('role')),
    isClusterNode: facts.get('cluster_enabled') === '1',
    usedMemoryBytes: wholeOr0(facts.get('used_memory')),
    memoryBytesMax: wholeOr0(facts.get('maxmemory')),
    evictionPolicy,
    evictsMetadata: evictionPolicy.startsWith('allkeys-'),
    evictedKeys: wholeOr0(facts.get('evicted_keys')),
    keys: wholeOr0(/^keys=(\d+)/.exec(facts.get(`db${client.options.db}`) ?? '')?.[1]),
    persistence: await persistenceOf(client, facts),
    replicas: replicasOf(facts),
    replicasToWriteMin: await replicasToWriteMin(client, facts),
    ...(await clockOf(client)),
    isTls,
    certificateEndMs: Number.isNaN(end) ? undefined : end,
    refusal: await refusalOf(client, keys),
  };
}

function flavorOf(facts: ReadonlyMap<string, string>): string | undefined {
  const valkey = facts.get('valkey_version');
  if (valkey !== undefined) return `Valkey ${valkey}`;
  return /keydb-server$/.test(facts.get('executable') ?? '') ? 'KeyDB' : undefined;
}

function roleOf(role: string | undefined): KeydbReport['role'] {
  if (role === 'slave') return 'replica';
  // KeyDB's active replicas are primaries to their clients, and take writes that others do not have.
  return role === 'master' || role === 'active-replica' ? 'primary' : 'unknown';
}

async function persistenceOf(client: Redis, facts: ReadonlyMap<string, string>): Promise<KeydbPersistence> {
  const save = await setting(client, 'save');
  const failing = [
    ...(facts.get('aof_last_write_status') === 'err' ? ['append-only'] : []),
    ...(facts.get('rdb_last_bgsave_status') === 'err' ? ['snapshot'] : []),
  ];
  return {
    appendOnly: facts.get('aof_enabled') === '1',
    snapshots: save === undefined ? undefined : save !== '',
    failing,
  };
}

function replicasOf(facts: ReadonlyMap<string, string>): readonly KeydbReplica[] {
  const lines = [...facts].filter(([name]) => /^slave\d+$/.test(name)).map(([, line]) => line);
  return lines.map((line) => {
    const field = (name: string): string => new RegExp(`(?:^|,)${name}=([^,]*)`).exec(line)?.[1] ?? '';
    return {
      address: `${field('ip')}:${field('port')}`,
      isOnline: field('state') === 'online',
      lagSeconds: wholeOr0(field('lag')),
    };
  });
}

/** From the setting where it may be read; else from INFO, which has a line on it only where it is in force. */
async function replicasToWriteMin(client: Redis, facts: ReadonlyMap<string, string>): Promise<number | undefined> {
  const text = await setting(client, 'min-replicas-to-write');
  if (text !== undefined) return wholeOr0(text);
  return facts.has('min_slaves_good_slaves') ? undefined : 0;
}

/** A setting of the server; undefined where this user may not read it, as the user of the README may not. */
async function setting(client: Redis, name: string): Promise<string | undefined> {
  try {
    const reply = (await client.config('GET', name)) as readonly string[];
    return reply[1];
  } catch {
    return undefined;
  }
}

async function clockOf(client: Redis): Promise<Pick<KeydbReport, 'clockAheadMs' | 'roundTripMs'>> {
  const startMs = performance.now();
  const time = millisOf((await client.time()).map(String));
  const roundTripMs = performance.now() - startMs;
  return { clockAheadMs: (time ?? Number.NaN) - (Date.now() - roundTripMs / 2), roundTripMs };
}

/** Tries what costs nothing and changes nothing: a script that reads the head of the control partition. */
async function refusalOf(client: Redis, keys: KeyLayout): Promise<string | undefined> {
  try {
    await client.eval("return redis.call('hget', KEYS[1], 'head')", 1, keys.control.control);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
