// Errors
export type { BatchOutcome, CacheErrorOptions, ErrorCode } from './errors.ts';
export {
  BatchError,
  BusUnavailableError,
  CacheError,
  ConfigError,
  LoaderError,
  LoaderTimeoutError,
  OverloadedError,
  TierUnavailableError,
} from './errors.ts';
export { tlsFailure } from './tls-failure.ts';

// Keys, scopes and partitions
export type { Incarnation, KeyedDigest, KeyId, NodeId, Scope, ScopeId } from './keys.ts';
export {
  CLUSTER_NAME,
  CLUSTER_NAME_TAKES,
  CONTROL_PARTITION,
  EVERYTHING,
  Identifiers,
  PARTITIONS_MAX,
  partitionOf,
} from './keys.ts';

// Events
export type {
  AckFrame,
  CommittedEvent,
  Effect,
  EventFrame,
  FilledFrame,
  Frame,
  HintFrame,
  KeyEffect,
  KeyKind,
  Position,
  ScopeEffect,
  ScopeKind,
  TraceContext,
} from './event.ts';
export { decodeLogBody, encodeLogBody } from './event.ts';

// Bus messages
export type { DecodedMessage, MessageFault, MessageMac } from './message.ts';
export {
  decodeMessage,
  encodeMessage,
  FRAMES_PER_MESSAGE_MAX,
  MESSAGE_MAGIC,
  MESSAGE_VERSION,
} from './message.ts';

// Tier entries
export type { Born, EntryBody, EntryHeader, TierEntry } from './entry.ts';
export {
  BODY_FORMAT,
  decodeEntry,
  decodeEntryHeader,
  encodeBody,
  ENTRY_HEAD_BYTES_MAX,
  entryEndMs,
  entryVersion,
  GRACE_MS_MAX,
  HEADER_BYTES_MAX,
  TAGS_PER_ENTRY_MAX,
} from './entry.ts';

// The protocol's state on one node
export type { Epoch } from './epochs.ts';
export { EPOCHS_MAX, EpochTable, UNJOINED } from './epochs.ts';
export type { FlightState } from './flights.ts';
export { Flights } from './flights.ts';
export type { EventVerdict, Head, HeadVerdict, Link } from './history.ts';
export { isBehind, LINKS_AHEAD_MAX, PartitionHistory } from './history.ts';
export { CLOCK_RATE_ERROR, Horizons, LIFE_FACTOR, WAIT_FACTOR } from './horizon.ts';

// Ports
export type { Appended, Journal, JournalRecord } from './journal.ts';
export { JOURNAL_PAGE_MAX, JOURNAL_RECORDS_MAX } from './journal.ts';
export type {
  Bus,
  BusListener,
  Clock,
  ClusterSettings,
  Commit,
  ControlState,
  EntryWrite,
  Inspected,
  InspectSubject,
  KeyAddress,
  LeaseRequest,
  Logger,
  LogRecord,
  Members,
  Random,
  ReplicasWanted,
  ScannedEntry,
  ScanPage,
  StoredEntry,
  Tier,
  TierCompared,
  TierFill,
  TierInfo,
  TierRead,
  Timers,
} from './ports.ts';
