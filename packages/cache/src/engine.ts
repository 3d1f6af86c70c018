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

/** What a namespace has counted since the node's start. The first seven are how lookups ended: each caller's in one of them. */
export interface NamespaceCounters {
  /** The near-cache answered. */
  nearHits: number;
  /** The tier answered. */
  tierHits: number;
  /** The loader answered. */
  loadedAnswers: number;
  /** A value stood in for a load that failed or went on. */
  staleAnswers: number;
  /** The answer was one that the node could not vouch for. */
  degradedAnswers: number;
  /** There is no value. */
  misses: number;
  /** The caller got an error. */
  failedLookups: number;
  /** Lookups that joined another one under way. */
  coalesced: number;
  /** How often a loader was asked; `loadsFailed` of them failed. */
  loads: number;
  loadsFailed: number;
  /** How often a lookup waited for another node's load. */
  leaseWaits: number;
}

/** All at zero. */
export function noCounts(): NamespaceCounters {
  return {
    nearHits: 0,
    tierHits: 0,
    loadedAnswers: 0,
    staleAnswers: 0,
    degradedAnswers: 0,
    misses: 0,
    failedLookups: 0,
    coalesced: 0,
    loads: 0,
    loadsFailed: 0,
    leaseWaits: 0,
  };
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
