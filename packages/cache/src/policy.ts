import { ConfigError, GRACE_MS_MAX } from '@lockstep/core';
import type { StandardSchemaV1 } from '@standard-schema/spec';
import type { Duration } from './duration.ts';
import { OptionReader } from './option-reader.ts';
import type { Codec, NumberedCodec } from './value-codec.ts';
import { codecOf } from './value-codec.ts';

/** What a namespace's values are. */
export interface SchemaOption<S extends StandardSchemaV1> {
  /**
   * What its values are: a zod schema, or another Standard Schema. What the tier holds and the schema refuses, as bad
   * bytes or a value of another release, is a miss, and counted; what a loader or a `set` gives is refused with
   * `value-invalid`. Default: none; values are believed.
   */
  readonly schema: S;
}

/** How a namespace keeps its values. */
export interface NamespaceOptions {
  /** How long a value is fresh. Default: `5m`. */
  readonly ttl?: Duration;
  /** How long a node keeps a value at most before it asks the tier again. Default: as long as the value is fresh. */
  readonly nearTtl?: Duration;
  /** By how much of itself a `ttl` is shortened at most, at random, so that values do not end together. Default: 0. */
  readonly jitter?: number;
  /**
   * How long after its `ttl`, or after an `expire`, a value may stand in for a load that fails or takes too long; 0:
   * never. Default: `staleWhileRevalidate`.
   */
  readonly grace?: Duration;
  /**
   * How long the origin is left alone after a failure for which a value stood in, or after a load ahead of time that
   * changed nothing. Default: `1s`.
   */
  readonly graceRetry?: Duration;
  /**
   * How long after its `ttl` a value is answered at once, marked stale, while it is loaded anew; at most `grace`.
   * Default: 0, never.
   */
  readonly staleWhileRevalidate?: Duration;
  /** The part of its `ttl` after which a value that is asked for is loaded anew ahead of time. Default: 1, never. */
  readonly eagerRefresh?: number;
  /**
   * How long a caller waits for a load while a value is there that may stand in for it: then that one is answered, marked
   * stale, and the load goes on. Default: `lease`, as long as the load may take.
   */
  readonly softTimeout?: Duration;
  /** How long a caller waits for an answer at all; the load goes on for others, and is stored. Default: as long as it takes. */
  readonly hardTimeout?: Duration;
  /**
   * How long one lookup waits for the tier at most, all its reads together: then it does without, as while the tier is
   * away. After ten in a row that waited so long the node's lookups do without it at once, until a heartbeat has been
   * answered; then one that waits so long is enough. Default: as long as the tier's calls may take.
   */
  readonly tierTimeout?: Duration;
  /** How long one load may take, and holds the cluster's other nodes back. Default: `10s`. */
  readonly lease?: Duration;
  /** How long the answer `missing` of a loader is kept; 0: not at all. Default: `30s`. */
  readonly missingTtl?: Duration;
  /** How long the answer `denied` of a loader is kept; 0: not at all. Default: `5s`. */
  readonly deniedTtl?: Duration;
  /** How long a node answers a failed load's error again, where nothing stands in, without asking; 0: not at all. Default: 0. */
  readonly failedTtl?: Duration;
  /**
   * What a node answers that has not been able to vouch for its near-cache for Δ: `revalidate` asks the loader,
   * `serve-stale` answers what it has, within the grace. Both are marked degraded. Default: `revalidate`.
   */
  readonly whenIncoherent?: 'revalidate' | 'serve-stale';
  /**
   * How long, from the start of its load, a node answers a value that the tier does not hold: the tier was away, or the
   * fill failed. At most Δ. Default: Δ.
   */
  readonly degradedTtl?: Duration;
  /**
   * What makes bytes of values, equal on all nodes: `json`; `structured`, which also holds Map, Set, Date, BigInt, bytes
   * and cycles (node:v8); or one of your own. Entries of another codec are misses. Default: `json`.
   */
  readonly codec?: 'json' | 'structured' | Codec;
  /** The most bytes that one encoded value may have; a larger one in the tier is a miss. Default: 16,777,216 (16 MiB). */
  readonly valueBytesMax?: number;
  /**
   * From how many bytes on an encoded value is compressed for the tier (zstd), where that makes it smaller; 0: never.
   * Default: 8,192, and 0 for a `secret` namespace: the length of what is compressed tells of the content.
   */
  readonly compressFrom?: number;
  /**
   * Whether the tier must not be able to read the values. `true`: they are encrypted, and a node without
   * `encryptionKeys` refuses to open the namespace. `false`: they are not encrypted; those that are can be read all the
   * same. Default: encrypted where the node has `encryptionKeys`.
   */
  readonly secret?: boolean;
  /**
   * Whether values are also in the tier, for all nodes. Off: each node loads for itself, and has what it loaded, or set, near
   * alone; clears and expires reach every node all the same, and a `set` drops the key on the others. Writes by version are
   * refused. Default: true.
   */
  readonly shared?: boolean;
  /** The most entries in this node's near-cache. Default: 10,000. */
  readonly nearEntriesMax?: number;
  /** The most bytes of encoded values in this node's near-cache. Default: 67,108,864 (64 MiB). */
  readonly nearBytesMax?: number;
  /**
   * Whether every answer is a copy of its own. Off: all callers on a node share one value, frozen once when it comes in,
   * and a hit copies nothing; what cannot be frozen, as a Map or bytes, must not be changed. Default: false, and true with
   * the codec `structured`.
   */
  readonly copies?: boolean;
}

type AnyOptions = NamespaceOptions & Partial<SchemaOption<StandardSchemaV1>>;

/** A namespace's policy with nothing left open. */
export interface NamespacePolicy {
  readonly schema: StandardSchemaV1 | undefined;
  readonly ttlMs: number;
  /** Infinite where a node keeps values as long as they are fresh. */
  readonly nearTtlMs: number;
  readonly jitter: number;
  readonly graceMs: number;
  readonly graceRetryMs: number;
  readonly staleWhileRevalidateMs: number;
  readonly eagerRefresh: number;
  readonly softTimeoutMs: number;
  /** Infinite where callers wait as long as it takes. */
  readonly hardTimeoutMs: number;
  /** Infinite where lookups wait as long as the tier's calls take. */
  readonly tierTimeoutMs: number;
  readonly leaseMs: number;
  readonly missingTtlMs: number;
  readonly deniedTtlMs: number;
  readonly failedTtlMs: number;
  readonly whenIncoherent: 'revalidate' | 'serve-stale';
  readonly degradedTtlMs: number;
  readonly codec: NumberedCodec;
  readonly valueBytesMax: number;
  /** 0: nothing is compressed. */
  readonly compressFrom: number;
  /** Also: a value in the tier that is not encrypted is none. */
  readonly encrypted: boolean;
  readonly shared: boolean;
  readonly nearEntriesMax: number;
  readonly nearBytesMax: number;
  readonly copies: boolean;
}

/** What a policy depends on besides its options. */
export interface PolicyTerms {
  /** Δ, in ms. */
  readonly deltaMs: number;
  /** Whether the node can encrypt values. */
  readonly hasKeys: boolean;
}

/** The longest time that a value is fresh, in ms: about 50 days. */
export const TTL_MS_MAX = 0xffff_ffff;
/** The longest time that a load takes, or a caller waits for an answer, in ms: an hour. */
export const LEASE_MS_MAX = 3_600_000;
/** What the tier's servers hold under one key: 512 MiB. */
const VALUE_BYTES_MAX = 512 * 1_048_576;

/** Completes and checks the options of a node's namespace; throws one `ConfigError` that names every problem. */
export function resolvePolicy(namespace: string, options: AnyOptions, terms: PolicyTerms): NamespacePolicy {
  const { deltaMs } = terms;
  const read = new OptionReader<AnyOptions>(options);
  const { problems } = read;
  const ttlMs = read.ms('ttl', '5m', [1, TTL_MS_MAX]);
  const staleWhileRevalidateMs = read.ms('staleWhileRevalidate', 0, [0, GRACE_MS_MAX]);
  const graceMs = read.ms('grace', staleWhileRevalidateMs, [0, GRACE_MS_MAX]);
  const leaseMs = read.ms('lease', '10s', [1, LEASE_MS_MAX]);
  const { schema, whenIncoherent = 'revalidate' } = options;
  const policy: NamespacePolicy = {
    schema,
    ttlMs,
    nearTtlMs: options.nearTtl === undefined ? Number.POSITIVE_INFINITY : read.ms('nearTtl', 0, [1, TTL_MS_MAX]),
    jitter: read.part('jitter', 0),
    graceMs,
    graceRetryMs: read.ms('graceRetry', '1s', [0, TTL_MS_MAX]),
    staleWhileRevalidateMs,
    eagerRefresh: read.part('eagerRefresh', 1),
    softTimeoutMs: read.ms('softTimeout', leaseMs, [1, LEASE_MS_MAX]),
    hardTimeoutMs:
      options.hardTimeout === undefined ? Number.POSITIVE_INFINITY : read.ms('hardTimeout', 0, [1, LEASE_MS_MAX]),
    tierTimeoutMs:
      options.tierTimeout === undefined ? Number.POSITIVE_INFINITY : read.ms('tierTimeout', 0, [1, LEASE_MS_MAX]),
    leaseMs,
    missingTtlMs: read.ms('missingTtl', '30s', [0, TTL_MS_MAX]),
    deniedTtlMs: read.ms('deniedTtl', '5s', [0, TTL_MS_MAX]),
    failedTtlMs: read.ms('failedTtl', 0, [0, TTL_MS_MAX]),
    whenIncoherent,
    degradedTtlMs: read.ms('degradedTtl', deltaMs, [0, deltaMs]),
    valueBytesMax: read.count('valueBytesMax', 16_777_216, [1, VALUE_BYTES_MAX]),
    compressFrom: read.count('compressFrom', options.secret === true ? 0 : 8_192, [0, VALUE_BYTES_MAX]),
    nearEntriesMax: read.count('nearEntriesMax', 10_000, [1, 100_000_000]),
    nearBytesMax: read.count('nearBytesMax', 67_108_864, [1, Number.MAX_SAFE_INTEGER]),
    ...valuePolicy(options, terms, problems),
  };
  if (staleWhileRevalidateMs > graceMs) {
    problems.push(`staleWhileRevalidate: got ${staleWhileRevalidateMs} ms, takes at most grace (${graceMs} ms)`);
  }
  if (schema !== undefined && typeof schema?.['~standard']?.validate !== 'function') {
    problems.push('schema: takes a Standard Schema, as one of zod, valibot or arktype');
  }
  if (whenIncoherent !== 'revalidate' && whenIncoherent !== 'serve-stale') {
    problems.push(`whenIncoherent: got ${JSON.stringify(whenIncoherent)}, takes "revalidate" or "serve-stale"`);
  }
  read.refuseOthers(FIELDS);
  if (problems.length > 0) throw new ConfigError(`namespace "${namespace}" has wrong options: ${problems.join('; ')}`);
  return policy;
}

/** The part of a policy that says what the values are; adds to `problems` what is wrong with it. */
function valuePolicy(
  options: AnyOptions,
  { hasKeys }: PolicyTerms,
  problems: string[],
): Pick<NamespacePolicy, 'codec' | 'encrypted' | 'shared' | 'copies'> {
  const { shared = true, secret = hasKeys, copies = options.codec === 'structured' } = options;
  const codec = codecOf(options.codec ?? 'json');
  if (codec === undefined) {
    problems.push('codec: takes "json", "structured", or { name, encode, decode } with a name of 1 to 64 characters');
  }
  if (typeof secret !== 'boolean') problems.push(`secret: got ${JSON.stringify(secret)}, takes true or false`);
  if (secret && !hasKeys && shared) {
    problems.push('secret: got true, takes encryptionKeys of openLockstep beside it: this node cannot encrypt');
  }
  if (typeof shared !== 'boolean') problems.push(`shared: got ${JSON.stringify(shared)}, takes true or false`);
  if (typeof copies !== 'boolean') problems.push(`copies: got ${JSON.stringify(copies)}, takes true or false`);
  return { codec: codec as NumberedCodec, encrypted: secret, shared, copies };
}

const FIELDS: Readonly<Record<keyof AnyOptions, true>> = {
  schema: true,
  ttl: true,
  nearTtl: true,
  jitter: true,
  grace: true,
  graceRetry: true,
  staleWhileRevalidate: true,
  eagerRefresh: true,
  softTimeout: true,
  hardTimeout: true,
  tierTimeout: true,
  lease: true,
  missingTtl: true,
  deniedTtl: true,
  failedTtl: true,
  whenIncoherent: true,
  degradedTtl: true,
  codec: true,
  valueBytesMax: true,
  compressFrom: true,
  secret: true,
  shared: true,
  nearEntriesMax: true,
  nearBytesMax: true,
  copies: true,
};
