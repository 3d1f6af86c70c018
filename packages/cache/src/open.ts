import type { Bus, Clock, Logger, Random, Tier, Timers } from '@lockstep/core';
import { ConfigError, PARTITIONS_MAX } from '@lockstep/core';
import type { AuditOptions } from './auditor.ts';
import { Background } from './background.ts';

import type { DurabilityOptions } from './durability.ts';
import type { EncryptionKey } from './key-ring.ts';
import { KeyRing, problemsOfKeys } from './key-ring.ts';

import { join, startEngine } from './lifecycle.ts';
import { Lockstep } from './lockstep.ts';
import { NullBus, NullTier } from './null-tier.ts';
import { deriveSecrets } from './secret.ts';
import { SystemClock, silentLogger, systemRandom, systemTimers } from './system.ts';

const SECRET_LENGTH_MIN = 16;

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
  /** Δ, in ms: no lookup answers a value older than this. A heartbeat goes out every Δ/4. Default: 2,000. */
  readonly maxStalenessMs?: number;
  /** The largest Δ that a node of the cluster may have, in ms; equal on all nodes. Default: 10,000. */
  readonly deltaMaxMs?: number;
  /** The number of data partitions, 1 to 1024; equal on all nodes. Default: 16. */
  readonly partitions?: number;
  /** How long to wait for the tier before the node opens degraded, in ms. Default: 2,000. */
  readonly joinTimeoutMs?: number;
  /** How long an event across a gap waits for the ones before it, in ms, before the tier is asked. Default: 20. */
  readonly reorderWindowMs?: number;
  /** The most events replayed for one partition after an outage; beyond it the partition is dropped. Default: 20,000. */
  readonly replayMax?: number;
  /**
   * How often near entries are compared with the tier, and how many at once: what breaks the promise of bounded staleness
   * is counted in `stats()`, logged and dropped. `false`: never. Default: 16 each 1,000 ms; in local mode never.
   */
  readonly audit?: AuditOptions | false;
  /**
   * A write (set, clear, expire) resolves only once so many replicas of the tier have it, or `timeoutMs` after it was
   * committed, whichever comes first; other nodes hear of it without waiting. The receipt's `replicas` says how many
   * had it. Default: none; a write resolves once the primary has it.
   */
  readonly durability?: DurabilityOptions;
  /** Where the node says what it does; keys, values and secrets never appear. Default: nowhere. */
  readonly logger?: Logger;
  /** Time, for simulations and tests. Default: the machine's. */
  readonly clock?: Clock;
  /** Timers, likewise. Default: the machine's. */
  readonly timers?: Timers;
  /** Randomness, likewise. Default: the machine's. */
  readonly random?: Random;
}

const DEFAULTS = {
  maxStalenessMs: 2_000,
  deltaMaxMs: 10_000,
  partitions: 16,
  joinTimeoutMs: 2_000,
  reorderWindowMs: 20,
  replayMax: 20_000,
} as const;

const AUDIT_DEFAULTS: Required<AuditOptions> = { everyMs: 1_000, entries: 16 };
const REPLICAS_TIMEOUT_MS = 100;

/**
 * Opens a node. With a tier it joins the cluster; when the tier does not answer in `joinTimeoutMs` the node opens all
 * the same, says so in `coherence`, and joins by itself later.
 *
 * Rejects with `config-invalid` when an option cannot be used (tier and bus are closed then), and with `settings-differ` when this node's partitions,
 * secret or Δ do not fit the cluster it finds.
 */
export async function openLockstep(options: LockstepOptions = {}): Promise<Lockstep> {
  const config = {
    ...DEFAULTS,
    ...Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)),
  };
  const audit = { ...AUDIT_DEFAULTS, ...options.audit };
  const durability = options.durability && {
    replicas: options.durability.replicas,
    timeoutMs: options.durability.timeoutMs ?? REPLICAS_TIMEOUT_MS,
  };
  const { encryptionKeys = [] } = options;
  const problems = [
    ...problemsOf(config, options),
    ...problemsOfKeys(encryptionKeys),
    ...nestedProblems('audit', audit, AUDIT_RANGES),
    ...(durability === undefined ? [] : nestedProblems('durability', durability, DURABILITY_RANGES)),
  ];
  if (problems.length > 0) {
    await Promise.all([options.tier?.close(), options.bus?.close()]);
    throw new ConfigError(`openLockstep has wrong options: ${problems.join('; ')}`);
  }
  const logger = options.logger ?? silentLogger;
  const random = options.random ?? systemRandom;
  const clock = options.clock ?? new SystemClock();
  const engine = startEngine(
    {
      clock,
      timers: options.timers ?? systemTimers,
      random,
      logger,
      tier: options.tier ?? new NullTier(clock),
      bus: options.bus ?? new NullBus(),
      background: new Background(logger),
      secrets: deriveSecrets(options.secret ?? random.hex(SECRET_LENGTH_MIN)),
      keys: new KeyRing(encryptionKeys, { random, clock, logger }),
      partitions: config.partitions,
      deltaMs: config.maxStalenessMs,
      deltaMaxMs: config.deltaMaxMs,
      shared: options.tier !== undefined,
    },
    {
      reorderWindowMs: config.reorderWindowMs,
      replayMax: config.replayMax,
      audit: options.audit === false ? undefined : audit,
      durability,
    },
  );
  await join(engine, config.joinTimeoutMs);
  return new Lockstep(engine);
}

/** Every numeric option, its least and its greatest value. */
const RANGES: readonly (readonly [keyof typeof DEFAULTS, number, number])[] = [
  ['maxStalenessMs', 100, 3_600_000],
  ['deltaMaxMs', 100, 3_600_000],
  ['partitions', 1, PARTITIONS_MAX],
  ['joinTimeoutMs', 0, 600_000],
  ['reorderWindowMs', 0, 10_000],
  ['replayMax', 1, 10_000_000],
];

const AUDIT_RANGES = [
  ['everyMs', 10, 3_600_000],
  ['entries', 1, 1_000],
] as const;

const DURABILITY_RANGES = [
  ['replicas', 1, 100],
  ['timeoutMs', 10, 10_000],
] as const;

function problemsOf(
  config: Readonly<Record<keyof typeof DEFAULTS, number>>,
  options: LockstepOptions,
): readonly string[] {
  const problems: string[] = [];
  for (const [field, least, most] of RANGES) {
    const got = config[field];
    if (Number.isInteger(got) && got >= least && got <= most) continue;
    problems.push(`${field}: got ${String(got)}, takes a whole number from ${least} to ${most}`);
  }
  if (config.maxStalenessMs > config.deltaMaxMs) {
    problems.push(`maxStalenessMs: got ${config.maxStalenessMs}, takes at most deltaMaxMs (${config.deltaMaxMs})`);
  }
  if (options.tier !== undefined && (options.secret ?? '').length < SECRET_LENGTH_MIN) {
    const got = options.secret === undefined ? 'none' : `${options.secret.length} characters`;
    problems.push(`secret: got ${got}, takes at least ${SECRET_LENGTH_MIN} characters, the same on all nodes`);
  }
  if (options.bus !== undefined && options.tier === undefined) {
    problems.push('bus: got one without a tier, takes a tier beside it: events are committed there');
  }
  if (options.durability !== undefined && options.tier === undefined) {
    problems.push('durability: got one without a tier, takes a tier beside it: replicas are those of its server');
  }
  return problems;
}

function nestedProblems<F extends string>(
  option: string,
  given: Readonly<Record<F, number>>,
  ranges: readonly (readonly [F, number, number])[],
): readonly string[] {
  return ranges.flatMap(([field, least, most]) => {
    const got = given[field];
    if (Number.isInteger(got) && got >= least && got <= most) return [];
    return [`${option}.${field}: got ${String(got)}, takes a whole number from ${least} to ${most}`];
  });
}
