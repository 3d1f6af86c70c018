import { ConfigError, GRACE_MS_MAX } from '@lockstep/core';

/** How a namespace keeps its values. Every duration is in milliseconds. */
export interface NamespaceOptions {
  /** How long a value is fresh. Default: 300,000 (5 minutes). */
  readonly ttlMs?: number;
  /** How long a node keeps a value before it asks the tier again. Default: `ttlMs`. */
  readonly nearTtlMs?: number;
  /** How long after `ttlMs`, or after an `expire`, a value may stand in for a load that failed. Default: 0 (never). */
  readonly graceMs?: number;
  /**
   * What a node answers that has not been able to vouch for its near-cache for Δ: `revalidate` asks the loader,
   * `serve-stale` answers what it has, within the grace. Both are marked degraded. Default: `revalidate`.
   */
  readonly whenIncoherent?: 'revalidate' | 'serve-stale';
  /**
   * How long, from the start of its load, a node answers a value that the tier does not hold: the tier was away, or the
   * fill failed. At most Δ. Default: Δ.
   */
  readonly degradedTtlMs?: number;
  /** How long one load may take, and holds the cluster's other nodes back, in milliseconds. Default: 10,000. */
  readonly leaseMs?: number;
  /** The most entries in this node's near-cache. Default: 10,000. */
  readonly nearEntriesMax?: number;
  /** The most bytes of encoded values in this node's near-cache. Default: 67,108,864 (64 MiB). */
  readonly nearBytesMax?: number;
}

/** A namespace's policy with nothing left open. */
export type NamespacePolicy = Readonly<Required<NamespaceOptions>>;

const DEFAULTS = {
  ttlMs: 300_000,
  graceMs: 0,
  whenIncoherent: 'revalidate',
  leaseMs: 10_000,
  nearEntriesMax: 10_000,
  nearBytesMax: 67_108_864,
} as const;

/** The longest time that a value is fresh, in ms: about 50 days. */
export const TTL_MS_MAX = 0xffff_ffff;

/** Every numeric option, its least and its greatest value. */
const RANGES: readonly (readonly [keyof NamespacePolicy, number, number])[] = [
  ['ttlMs', 1, TTL_MS_MAX],
  ['nearTtlMs', 1, TTL_MS_MAX],
  ['graceMs', 0, GRACE_MS_MAX],
  ['leaseMs', 1, 3_600_000],
  ['nearEntriesMax', 1, 100_000_000],
  ['nearBytesMax', 1, Number.MAX_SAFE_INTEGER],
];

/** Completes and checks the options of a node's namespace; throws one `ConfigError` that names every problem. */
export function resolvePolicy(namespace: string, options: NamespaceOptions, deltaMs: number): NamespacePolicy {
  const ttlMs = options.ttlMs ?? DEFAULTS.ttlMs;
  const policy: NamespacePolicy = {
    ...DEFAULTS,
    nearTtlMs: ttlMs,
    degradedTtlMs: deltaMs,
    ...withoutUndefined(options),
  };
  const problems: string[] = [];
  for (const [field, least, most] of [...RANGES, ['degradedTtlMs', 0, deltaMs] as const]) {
    const got = policy[field];
    if (Number.isInteger(got) && Number(got) >= least && Number(got) <= most) continue;
    problems.push(`${field}: got ${String(got)}, takes a whole number from ${least} to ${most}`);
  }
  if (policy.whenIncoherent !== 'revalidate' && policy.whenIncoherent !== 'serve-stale') {
    problems.push(`whenIncoherent: got ${JSON.stringify(policy.whenIncoherent)}, takes "revalidate" or "serve-stale"`);
  }
  if (problems.length > 0) throw new ConfigError(`namespace "${namespace}" has wrong options: ${problems.join('; ')}`);
  return policy;
}

function withoutUndefined(options: NamespaceOptions): NamespaceOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined));
}
