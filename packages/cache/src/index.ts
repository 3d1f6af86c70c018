// Opening a node
export type { AuditOptions } from './auditor.ts';
export type { EncryptionKey } from './key-ring.ts';
export type { LockstepOptions, TracingOptions } from './node-config.ts';
export { openLockstep } from './open.ts';
export type { DurabilityOptions, Replicas } from './durability.ts';
export type { Coherence, CoherenceListener } from './coherence.ts';
export type { EventListener, KeyEvent, NodeEvent, ResetEvent, ScopeEvent } from './event-watch.ts';
export type { NodeCounters } from './node.ts';
export type { PartitionPosition } from './positions.ts';
export { Lockstep, NAMESPACES_MAX } from './lockstep.ts';

// Namespaces
export type { Duration } from './duration.ts';
export { millisecondsOf } from './duration.ts';
export type { NamespaceOptions, SchemaOption } from './policy.ts';
export type { Codec } from './value-codec.ts';
export type { NamespaceStats } from './namespace.ts';
export { KEY_LENGTH_MAX, Namespace } from './namespace.ts';

// Reads and writes
export type { Absence, AnswerOptions, LoadContext, StaleValue } from './load-answer.ts';
export { LoadAnswer } from './load-answer.ts';
export type { LoadedMany, LoadManyContext, ManyLoader } from './load-batch.ts';
export type { Hit, Loaded, Loader, LoadOptions, Lookup, Miss } from './lookup.ts';
export type { ExplainedEntry, Explanation, Objection } from './explain.ts';
export type { Fence } from './fenced-clear.ts';
export type { Preview, PreviewedEntry, PreviewOptions } from './preview.ts';
export type { SweepOptions, SweepReport } from './sweep.ts';
export type { ClearOptions, CommittedOptions, Compared, QueuedReceipt, Receipt } from './receipt.ts';
export { QUEUED_CLEARS_MAX } from './queued-clears.ts';
export type { SetOptions } from './write-path.ts';

// What callers branch on
export type { BatchOutcome, ErrorCode, Scope, TierInfo } from '@lockstep/core';
export {
  BatchError,
  BusUnavailableError,
  CacheError,
  ConfigError,
  LoaderError,
  LoaderTimeoutError,
  OverloadedError,
  TierUnavailableError,
} from '@lockstep/core';
