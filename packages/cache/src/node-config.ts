import type { Bus, Clock, Logger, Random, ReplicasWanted, Tier, Timers } from '@lockstep/core';
import { PARTITIONS_MAX } from '@lockstep/core';
import type { TracingConfig } from '@lockstep/telemetry';
import type { AuditConfig, AuditOptions } from './auditor.ts';
import type { DurabilityOptions } from './durability.ts';
import type { Duration } from './duration.ts';
import type { EncryptionKey } from './key-ring.ts';
import { problemsOfKeys } from './key-ring.ts';
import { OptionReader } from './option-reader.ts';

/** The shortest secret, in characters. */
export const SECRET_LENGTH_MIN = 16;
const DELTA_MS_MAX = 3_600_000;

/** What makes a node: nothing for local mode; `secret` and `tier` for a cluster, and mostly a `bus`. */
export interface LockstepOptions {
  /**
   * Shared by all nodes of a cluster, at least 16 characters: turns keys into ids, and authenticates bus messages.
   * Default: none; needed with a tier.
   */
  readonly secret?: string;
  /**
   * Keys that encrypt values for the tier, shared by all nodes, at most 32: the first encrypts, all decrypt. To change
   * keys: add the new one at the end on every node, then put it first, and take the old one away once what it encrypted
   * has ended its life. Default: none; see `secret` of a namespace.
   */
  readonly encryptionKeys?: readonly EncryptionKey[];
  /** The shared tier, for example `connectKeydb(…)`. The node closes it. Default: none, local mode. */
  readonly tier?: Tier;
  /** The bus, for example `connectNats(…)`. The node closes it. Default: none; nodes learn by heartbeats only. */
  readonly bus?: Bus;
  /** Δ: no lookup answers a value older than this. A heartbeat goes out every Δ/4. Default: `2s`. */
  readonly maxStaleness?: Duration;
  /** The largest Δ that a node of the cluster may have; equal on all nodes. Default: `10s`. */
  readonly deltaMax?: Duration;
  /** The number of data partitions, 1 to 1024; equal on all nodes. Default: 16. */
  readonly partitions?: number;
  /** How long to wait for the tier before the node opens degraded. Default: `2s`. */
  readonly joinTimeout?: Duration;
  /** How long an event across a gap waits for the ones before it, before the tier is asked. Default: `20ms`. */
  readonly reorderWindow?: Duration;
  /** The most events replayed for one partition after an outage; beyond it the partition is dropped. Default: 20,000. */
  readonly replayMax?: number;
  /**
   * How often near entries are compared with the tier, and how many at once: what breaks the promise of bounded staleness
   * is counted in `stats()`, logged and dropped. `false`: never. Default: 16 each second; in local mode never.
   */
  readonly audit?: AuditOptions | false;
  /**
   * A write (set, clear, expire) resolves only once so many replicas of the tier have it, or `timeout` after it was
   * committed, whichever comes first; other nodes hear of it without waiting. The receipt's `replicas` says how many
   * had it. Default: none; a write resolves once the primary has it.
   */
  readonly durability?: DurabilityOptions;
  /** Which lookups have a span, where an OpenTelemetry SDK has been registered before. Default: those of a sampled trace. */
  readonly tracing?: TracingOptions;
  /** Where the node says what it does; keys, values and secrets never appear. Default: nowhere. */
  readonly logger?: Logger;
  /** Time, for simulations and tests. Default: the machine's. */
  readonly clock?: Clock;
  /** Timers, likewise. Default: the machine's. */
  readonly timers?: Timers;
  /** Randomness, likewise. Default: the machine's. */
  readonly random?: Random;
}

/** Which lookups have a span. Clears and expires always have one, if the sampler takes it. */
export interface TracingOptions {
  /**
   * `all`; `misses`: those alone that the near-cache does not answer; `off`: none, nor their tier calls and loads.
   * Default: `all`.
   */
  readonly lookups?: TracingConfig['lookups'];
  /**
   * Whether a lookup, or a write of a value, that is part of no trace has no span. Off: it begins a trace, and asks the
   * sampler each time, which costs 0.6 to 0.9 µs even where that says no. Default: true.
   */
  readonly requireParentSpan?: boolean;
}

/** The numbers of a node, with nothing left open. */
export interface NodeConfig {
  readonly deltaMs: number;
  readonly deltaMaxMs: number;
  readonly partitions: number;
  readonly joinTimeoutMs: number;
  readonly reorderWindowMs: number;
  readonly replayMax: number;
  /** undefined: nothing is compared with the tier. */
  readonly audit: AuditConfig | undefined;
  /** undefined: writes wait for no replica. */
  readonly durability: ReplicasWanted | undefined;
  readonly tracing: TracingConfig;
}

/** Completes and checks a node's options; what is wrong with them is in `problems`. */
export function resolveNode(options: LockstepOptions): {
  readonly config: NodeConfig;
  readonly problems: readonly string[];
} {
  const read = new OptionReader(options);
  const { problems } = read;
  const config: NodeConfig = {
    deltaMs: read.ms('maxStaleness', '2s', [100, DELTA_MS_MAX]),
    deltaMaxMs: read.ms('deltaMax', '10s', [100, DELTA_MS_MAX]),
    partitions: read.count('partitions', 16, [1, PARTITIONS_MAX]),
    joinTimeoutMs: read.ms('joinTimeout', '2s', [0, 600_000]),
    reorderWindowMs: read.ms('reorderWindow', '20ms', [0, 10_000]),
    replayMax: read.count('replayMax', 20_000, [1, 10_000_000]),
    audit: options.audit === false ? undefined : auditOf(options.audit ?? {}, problems),
    durability: options.durability && durabilityOf(options.durability, problems),
    tracing: tracingOf(options.tracing ?? {}, problems),
  };
  if (config.deltaMs > config.deltaMaxMs) {
    problems.push(`maxStaleness: got ${config.deltaMs} ms, takes at most deltaMax (${config.deltaMaxMs} ms)`);
  }
  problems.push(...problemsOfKeys(options.encryptionKeys ?? []), ...problemsOfParts(options));
  read.refuseOthers(FIELDS);
  return { config, problems };
}

function auditOf(options: AuditOptions, problems: string[]): AuditConfig {
  const read = new OptionReader(options, { name: 'audit', problems });
  read.refuseOthers({ every: true, entries: true });
  return { everyMs: read.ms('every', '1s', [10, 3_600_000]), entries: read.count('entries', 16, [1, 1_000]) };
}

function durabilityOf(options: DurabilityOptions, problems: string[]): ReplicasWanted {
  const read = new OptionReader(options, { name: 'durability', problems });
  read.refuseOthers({ replicas: true, timeout: true });
  return { replicas: read.count('replicas', 0, [1, 100]), timeoutMs: read.ms('timeout', '100ms', [10, 10_000]) };
}

function tracingOf(options: TracingOptions, problems: string[]): TracingConfig {
  new OptionReader(options, { name: 'tracing', problems }).refuseOthers({ lookups: true, requireParentSpan: true });
  const { lookups = 'all', requireParentSpan = true } = options;
  if (!['all', 'misses', 'off'].includes(lookups)) {
    problems.push(`tracing.lookups: got ${JSON.stringify(lookups)}, takes "all", "misses" or "off"`);
  }
  if (typeof requireParentSpan !== 'boolean') {
    problems.push(`tracing.requireParentSpan: got ${JSON.stringify(requireParentSpan)}, takes true or false`);
  }
  return { lookups, requireParentSpan };
}

function problemsOfParts({ tier, bus, secret, durability }: LockstepOptions): readonly string[] {
  const problems: string[] = [];
  if (tier !== undefined && (secret ?? '').length < SECRET_LENGTH_MIN) {
    const got = secret === undefined ? 'none' : `${secret.length} characters`;
    problems.push(`secret: got ${got}, takes at least ${SECRET_LENGTH_MIN} characters, the same on all nodes`);
  }
  if (bus !== undefined && tier === undefined) {
    problems.push('bus: got one without a tier, takes a tier beside it: events are committed there');
  }
  if (durability !== undefined && tier === undefined) {
    problems.push('durability: got one without a tier, takes a tier beside it: replicas are those of its server');
  }
  return problems;
}

const FIELDS: Readonly<Record<keyof LockstepOptions, true>> = {
  secret: true,
  encryptionKeys: true,
  tier: true,
  bus: true,
  maxStaleness: true,
  deltaMax: true,
  partitions: true,
  joinTimeout: true,
  reorderWindow: true,
  replayMax: true,
  audit: true,
  durability: true,
  tracing: true,
  logger: true,
  clock: true,
  timers: true,
  random: true,
};
