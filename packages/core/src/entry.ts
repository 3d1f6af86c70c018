import { ByteReader, ByteWriter } from './bytes.ts';
import type { Incarnation, ScopeId } from './keys.ts';

/** Format of an entry's body; an entry of another format is a miss. */
export const BODY_FORMAT = 2;

/** The most tags one entry carries. */
export const TAGS_PER_ENTRY_MAX = 64;

/** The longest grace of an entry, in milliseconds (the body keeps it in 32 bits). */
export const GRACE_MS_MAX = 0xffff_ffff;

const BODY_HEAD_BYTES = 11;
const ID_BYTES = 16;
/** The longest header line, its newline included. */
export const HEADER_BYTES_MAX = 160;
/** The longest beginning of an entry that comes before its payload. */
export const ENTRY_HEAD_BYTES_MAX: number = HEADER_BYTES_MAX + BODY_HEAD_BYTES + TAGS_PER_ENTRY_MAX * ID_BYTES;
const NEWLINE = 0x0a;
const SPACE = 0x20;
const ZERO = 0x30;
const END_DIGITS_MAX = 16;
const HEADER = /^([fx]) ((\d{1,16})(?:-[0-9a-f]{1,32})?) ([0-9a-f]{16}):(\d{1,16}) ([0-9a-f]{32}) (\d{1,16})$/;

/** Where in the history of scope clears a load began: the control incarnation and sequence its writer had applied. */
export interface Born {
  readonly incarnation: Incarnation;
  readonly sequence: number;
}

/** What the client puts into an entry's body. */
export interface EntryBody {
  /** How the value was made bytes: 0 = JSON in UTF-8; the others are the client's. 32 bits. */
  readonly codec: number;
  /** What was done to these bytes to make `payload` of them: 0 = nothing; the others are the client's. 8 bits. */
  readonly packing: number;
  /** How long before the end of the entry's life in the tier its value stops being fresh, in milliseconds. */
  readonly graceMs: number;
  readonly tags: readonly ScopeId[];
  readonly payload: Uint8Array;
}

/** The line that the tier's scripts write before an entry's body. */
export interface EntryHeader {
  readonly expired: boolean;
  /** Tells this write of the key from every other one. */
  readonly version: string;
  /** The sequence of the event that wrote the entry; for a silent fill, that of the head it found. */
  readonly versionSequence: number;
  readonly born: Born;
  readonly fingerprint: string;
}

/** An entry as the tier keeps it: the header line its scripts write, and the body the client wrote. */
export interface TierEntry extends EntryHeader, EntryBody {}

/** Encodes an entry's body: format, codec, packing, grace in ms, number of tags, the tags, the payload. */
export function encodeBody(body: EntryBody): Uint8Array {
  const writer = new ByteWriter(BODY_HEAD_BYTES + body.tags.length * ID_BYTES + body.payload.length);
  writer.u8(BODY_FORMAT);
  writer.u32(body.codec);
  writer.u8(body.packing);
  writer.u32(body.graceMs);
  writer.u8(body.tags.length);
  for (const tag of body.tags) writer.hex(tag);
  writer.raw(body.payload);
  return writer.bytes;
}

/**
 * Decodes an entry as read from the tier; undefined when the bytes are none, or of another format. The payload is a
 * view of `bytes`, not a copy; where they are the beginning of an entry, up to `ENTRY_HEAD_BYTES_MAX`, it is cut short.
 */
export function decodeEntry(bytes: Uint8Array): TierEntry | undefined {
  const header = decodeEntryHeader(bytes);
  const body = header && decodeBody(bytes.subarray(bytes.indexOf(NEWLINE) + 1));
  if (header === undefined || body === undefined) return undefined;
  // One literal, no spread: this is on the way of every read.
  const { expired, version, versionSequence, born, fingerprint } = header;
  const { codec, packing, graceMs, tags, payload } = body;
  return { expired, version, versionSequence, born, fingerprint, codec, packing, graceMs, tags, payload };
}

/**
 * Decodes the header line that an entry begins with, whatever follows it; undefined when there is none.
 *
 * The line is `state SP version SP incarnation:sequence SP fingerprint SP end`: state `f` (fresh) or `x` (expired), then
 * version, born, fingerprint, and when its life ends, in ms of the tier's time: see `entryEndMs`.
 */
export function decodeEntryHeader(bytes: Uint8Array): EntryHeader | undefined {
  const header = readHeader(bytes);
  if (!header) return undefined;
  const versionSequence = Number(header[3]);
  const bornSequence = Number(header[5]);
  if (!Number.isSafeInteger(versionSequence) || !Number.isSafeInteger(bornSequence)) return undefined;
  return {
    expired: header[1] === 'x',
    version: header[2] as string,
    versionSequence,
    born: { incarnation: header[4] as Incarnation, sequence: bornSequence },
    fingerprint: header[6] as string,
  };
}

/** When the life of the entry that begins so ends, in ms of the tier's time; undefined when there is no such header. */
export function entryEndMs(bytes: Uint8Array): number | undefined {
  const lineEnd = bytes.subarray(0, HEADER_BYTES_MAX).indexOf(NEWLINE);
  const from = lineEnd < 0 ? -1 : bytes.lastIndexOf(SPACE, lineEnd);
  const digits = from < 0 ? 0 : lineEnd - from - 1;
  if (digits < 1 || digits > END_DIGITS_MAX) return undefined;
  let endMs = 0;
  for (let at = from + 1; at < lineEnd; at++) endMs = endMs * 10 + (bytes[at] as number) - ZERO;
  return Number.isSafeInteger(endMs) ? endMs : undefined;
}

/** The version in an entry's header, also where its body cannot be read; undefined when there is no header. */
export function entryVersion(bytes: Uint8Array): string | undefined {
  return readHeader(bytes)?.[2];
}

function readHeader(bytes: Uint8Array): RegExpExecArray | undefined {
  const end = bytes.subarray(0, HEADER_BYTES_MAX).indexOf(NEWLINE);
  return (end < 0 ? undefined : HEADER.exec(textOf(bytes.subarray(0, end)))) ?? undefined;
}

/** Not by spreading, which goes byte by byte through an iterator. */
function textOf(bytes: Uint8Array): string {
  return String.fromCharCode.apply(undefined, bytes as unknown as number[]);
}

function decodeBody(bytes: Uint8Array): EntryBody | undefined {
  const tagCount = bytes[BODY_HEAD_BYTES - 1] ?? 0;
  const payloadAt = BODY_HEAD_BYTES + tagCount * ID_BYTES;
  const reader = new ByteReader(bytes, 0, payloadAt);
  const [format, codec, packing, graceMs] = [reader.u8(), reader.u32(), reader.u8(), reader.u32()];
  if (format !== BODY_FORMAT || reader.u8() > TAGS_PER_ENTRY_MAX) return undefined;
  const tags: ScopeId[] = [];
  for (let index = 0; index < tagCount; index++) tags.push(reader.hex(ID_BYTES) as ScopeId);
  return reader.isWhole ? { codec, packing, graceMs, tags, payload: bytes.subarray(payloadAt) } : undefined;
}
