import type { Born, Bus, Clock, Logger, NodeId, Random, ScopeId, Tier, Timers } from '@lockstep/core';
import { CONTROL_PARTITION, EpochTable, Flights, Horizons, PartitionHistory, UNJOINED } from '@lockstep/core';
import { NearCache } from '@lockstep/near-cache';
import type { Durations, Tracing } from '@lockstep/telemetry';
import { createDurations, isMetering } from '@lockstep/telemetry';
import type { Background } from './background.ts';
import { EventWatch } from './event-watch.ts';
import { Failures } from './failures.ts';
import type { Flight } from './flight.ts';
import type { KeyRing } from './key-ring.ts';
import { observedTier } from './observed-tier.ts';
import { Pace } from './pace.ts';
import type { Secrets } from './secret.ts';

/** Everything a node is made of, with nothing left open. */
export interface NodeParts {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly tier: Tier;
  readonly bus: Bus;
  readonly background: Background;
  readonly secrets: Secrets;
  readonly keys: KeyRing;
  readonly tracing: Tracing;
  readonly partitions: number;
  /** Δ, in ms. */
  readonly deltaMs: number;
  /** The largest Δ that a node of the cluster may have, in ms. */
  readonly deltaMaxMs: number;
  /** False when there is no tier to be coherent with: nothing ever goes stale. */
  readonly shared: boolean;
}

/** What a node has counted since its start. */
export interface NodeCounters {
  messagesReceived: number;
  framesSent: number;
  framesReceived: number;
  framesRejected: number;
  eventsApplied: number;
  gaps: number;
  heartbeats: number;
  heartbeatsFailed: number;
  /** How often events were missing and read from the tier's log; how many those were. */
  replays: number;
  eventsReplayed: number;
  resets: number;
  entriesRejected: number;
  /** Near entries that were compared with the tier. */
  audited: number;
  /** Near entries that were served though P1 forbids it: 0, or something is broken. */
  coherenceViolations: number;
}

/** One node: a process with a near-cache. Its parts, and its state as the protocol names it. */
export class Node implements NodeParts {
  readonly id: NodeId;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly logger: Logger;
  readonly tier: Tier;
  readonly bus: Bus;
  readonly background: Background;
  readonly secrets: Secrets;
  readonly keys: KeyRing;
  readonly tracing: Tracing;
  readonly partitions: number;
  readonly deltaMs: number;
  readonly deltaMaxMs: number;
  readonly shared: boolean;

  /** Whether an SDK collects metrics; without one, `durations` record nothing. */
  readonly metering: boolean = isMetering();
  readonly durations: Durations = createDurations();
  readonly near: NearCache = new NearCache();
  readonly flights: Flights<Flight> = new Flights();
  readonly failures: Failures = new Failures();
  readonly epochs: EpochTable = new EpochTable();
  readonly horizons: Horizons;
  readonly pace: Pace;
  readonly control: PartitionHistory = new PartitionHistory();
  readonly data: readonly PartitionHistory[];
  /** The names of the open namespaces. */
  readonly namespaces: Map<ScopeId, string> = new Map();
  readonly events: EventWatch;
  readonly counters: NodeCounters = {
    messagesReceived: 0,
    framesSent: 0,
    framesReceived: 0,
    framesRejected: 0,
    eventsApplied: 0,
    gaps: 0,
    heartbeats: 0,
    heartbeatsFailed: 0,
    replays: 0,
    eventsReplayed: 0,
    resets: 0,
    entriesRejected: 0,
    audited: 0,
    coherenceViolations: 0,
  };

  constructor(parts: NodeParts) {
    this.clock = parts.clock;
    this.timers = parts.timers;
    this.random = parts.random;
    this.logger = parts.logger;
    this.tracing = parts.tracing;
    const isObserved = parts.shared && (this.metering || this.tracing.isOn);
    this.tier = isObserved ? observedTier(parts.tier, this) : parts.tier;
    this.bus = parts.bus;
    this.background = parts.background;
    this.secrets = parts.secrets;
    this.keys = parts.keys;
    this.partitions = parts.partitions;
    this.deltaMs = parts.deltaMs;
    this.deltaMaxMs = parts.deltaMaxMs;
    this.shared = parts.shared;
    this.id = parts.random.hex(8) as NodeId;
    this.events = new EventWatch(this.namespaces, parts.logger);
    this.pace = new Pace(parts.deltaMs, parts.logger);
    this.horizons = new Horizons(parts.partitions, parts.deltaMs);
    this.data = Array.from({ length: parts.partitions }, () => new PartitionHistory());
  }

  /** The history of a partition, data or control; undefined when this cluster has no such partition. */
  history(partition: number): PartitionHistory | undefined {
    return partition === CONTROL_PARTITION ? this.control : this.data[partition];
  }

  /** Where a load that begins now is born. */
  born(): Born {
    return this.control.applied ?? UNJOINED;
  }

  /** Whether this node may vouch, now, for what it knows of a partition. */
  isFresh(partition: number): boolean {
    return this.clock.nowMs() <= (this.horizons.serveUntil[partition] as number);
  }
}
