import type { ScopeId, Timers } from '@lockstep/core';
import type { NearRegion } from '@lockstep/near-cache';
import type { Applier } from './apply.ts';
import type { Breaker } from './breaker.ts';
import type { CoherenceWatch } from './coherence.ts';
import type { Durability } from './durability.ts';
import type { Fences } from './fenced-clear.ts';
import type { Heartbeat } from './heartbeat.ts';
import type { Node } from './node.ts';
import type { Outbox } from './outbox.ts';
import type { NamespacePolicy } from './policy.ts';
import type { QueuedClears } from './queued-clears.ts';
import type { Waiters } from './waiters.ts';

/** The moving parts that reads and writes of all namespaces share. */
export interface Engine {
  readonly node: Node;
  readonly heartbeat: Heartbeat;
  readonly breaker: Breaker;
  readonly coherence: CoherenceWatch;
  readonly applier: Applier;
  readonly outbox: Outbox;
  readonly waiters: Waiters;
  readonly fences: Fences;
  readonly durability: Durability;
  readonly queuedClears: QueuedClears;
  /** Aborted when the node closes. */
  readonly closing: AbortSignal;
}

/** What a namespace has counted since the node's start. */
export interface NamespaceCounters {
  nearHits: number;
  tierHits: number;
  misses: number;
  loads: number;
  loadsFailed: number;
  coalesced: number;
  staleAnswers: number;
  degradedAnswers: number;
}

/** One namespace on one node. */
export interface Space {
  readonly name: string;
  readonly scopeId: ScopeId;
  readonly policy: NamespacePolicy;
  readonly timers: Timers;
  readonly region: NearRegion;
  readonly counters: NamespaceCounters;
}
