import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { ErrorCode } from '../src/index.ts';
import * as core from '../src/index.ts';

// Other packages, and other people's code, are written against these names. A red pin asks: on purpose?

const VALUES = [
  'BODY_FORMAT',
  'BatchError',
  'BusUnavailableError',
  'CLOCK_RATE_ERROR',
  'CLUSTER_NAME',
  'CLUSTER_NAME_TAKES',
  'CONTROL_PARTITION',
  'CacheError',
  'ConfigError',
  'ENTRY_HEAD_BYTES_MAX',
  'EPOCHS_MAX',
  'EVERYTHING',
  'EpochTable',
  'FRAMES_PER_MESSAGE_MAX',
  'Flights',
  'GRACE_MS_MAX',
  'HEADER_BYTES_MAX',
  'Horizons',
  'Identifiers',
  'JOURNAL_PAGE_MAX',
  'JOURNAL_RECORDS_MAX',
  'LIFE_FACTOR',
  'LINKS_AHEAD_MAX',
  'LoaderError',
  'LoaderTimeoutError',
  'MESSAGE_MAGIC',
  'MESSAGE_VERSION',
  'OverloadedError',
  'PARTITIONS_MAX',
  'PartitionHistory',
  'TAGS_PER_ENTRY_MAX',
  'TierUnavailableError',
  'UNJOINED',
  'WAIT_FACTOR',
  'decodeEntry',
  'decodeEntryHeader',
  'decodeLogBody',
  'decodeMessage',
  'encodeBody',
  'encodeLogBody',
  'encodeMessage',
  'entryEndMs',
  'entryVersion',
  'isBehind',
  'partitionOf',
  'tlsFailure',
];

const TYPES = [
  'AckFrame',
  'Appended',
  'BatchOutcome',
  'Born',
  'Bus',
  'BusListener',
  'CacheErrorOptions',
  'Clock',
  'ClusterSettings',
  'Commit',
  'CommittedEvent',
  'ControlState',
  'DecodedMessage',
  'Effect',
  'EntryBody',
  'EntryHeader',
  'EntryWrite',
  'Epoch',
  'ErrorCode',
  'EventFrame',
  'EventVerdict',
  'FilledFrame',
  'FlightState',
  'Frame',
  'Head',
  'HeadVerdict',
  'HintFrame',
  'Incarnation',
  'InspectSubject',
  'Inspected',
  'Journal',
  'JournalRecord',
  'KeyAddress',
  'KeyEffect',
  'KeyId',
  'KeyKind',
  'KeyedDigest',
  'LeaseRequest',
  'Link',
  'LogRecord',
  'Logger',
  'Members',
  'MessageFault',
  'MessageMac',
  'NodeId',
  'Position',
  'Random',
  'ReplicasWanted',
  'ScanPage',
  'ScannedEntry',
  'Scope',
  'ScopeEffect',
  'ScopeId',
  'ScopeKind',
  'StoredEntry',
  'Tier',
  'TierCompared',
  'TierEntry',
  'TierFill',
  'TierInfo',
  'TierRead',
  'Timers',
  'TraceContext',
];

/** Does not compile when a code is missing here, or is one here only. */
const ERROR_CODES: Readonly<Record<ErrorCode, true>> = {
  'batch-incomplete': true,
  'bus-unavailable': true,
  closed: true,
  'config-invalid': true,
  'key-invalid': true,
  'loader-failed': true,
  'loader-timed-out': true,
  overloaded: true,
  'settings-differ': true,
  'tier-refused': true,
  'tier-unavailable': true,
  'value-denied': true,
  'value-invalid': true,
  'value-missing': true,
  'value-too-large': true,
  'value-unserializable': true,
};

function sourceText(file: string): string {
  return readFileSync(new URL(`../src/${file}`, import.meta.url), 'utf8');
}

it('exports these values and no other', () => {
  expect(Object.keys(core).sort()).toEqual(VALUES);
});

it('exports these types and no other', () => {
  const lists = [...sourceText('index.ts').matchAll(/^export type \{([^}]*)\}/gm)];
  const names = lists.flatMap(([, list = '']) => list.split(',').map((name) => name.trim()));
  expect(names.filter((name) => name !== '').sort()).toEqual(TYPES);
});

it('has these error codes and no other', () => {
  const union = /export type ErrorCode =([^;]*);/.exec(sourceText('errors.ts'))?.[1] ?? '';
  const codes = [...union.matchAll(/'([^']+)'/g)].map(([, code]) => code);
  expect(codes).toEqual(Object.keys(ERROR_CODES));
});

it('has these constants, which nodes of different releases must agree on', () => {
  const { BODY_FORMAT, CONTROL_PARTITION, EVERYTHING, MESSAGE_MAGIC, MESSAGE_VERSION } = core;
  expect({ BODY_FORMAT, CONTROL_PARTITION, EVERYTHING, MESSAGE_MAGIC, MESSAGE_VERSION }).toEqual({
    BODY_FORMAT: 2,
    CONTROL_PARTITION: 65_535,
    EVERYTHING: '00000000000000000000000000000000',
    MESSAGE_MAGIC: 0x4c,
    MESSAGE_VERSION: 1,
  });
});

it('has these bounds', () => {
  const { FRAMES_PER_MESSAGE_MAX, GRACE_MS_MAX, LINKS_AHEAD_MAX, PARTITIONS_MAX, TAGS_PER_ENTRY_MAX } = core;
  expect({ FRAMES_PER_MESSAGE_MAX, GRACE_MS_MAX, LINKS_AHEAD_MAX, PARTITIONS_MAX, TAGS_PER_ENTRY_MAX }).toEqual({
    FRAMES_PER_MESSAGE_MAX: 1_024,
    GRACE_MS_MAX: 4_294_967_295,
    LINKS_AHEAD_MAX: 256,
    PARTITIONS_MAX: 1_024,
    TAGS_PER_ENTRY_MAX: 64,
  });
});
