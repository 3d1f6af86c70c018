import { ByteReader, ByteWriter } from './bytes.ts';
import type { Incarnation, KeyId, NodeId, ScopeId } from './keys.ts';

const ID_BYTES = 16;
const SHORT_ID_BYTES = 8;
const SEQUENCE_BYTES = 8;
const EFFECT_BYTES = 1 + ID_BYTES;
const POSITION_BYTES = 2 + SHORT_ID_BYTES + SEQUENCE_BYTES;
const TRACE_BYTES = ID_BYTES + SHORT_ID_BYTES + 1;
const FRAME_HEAD_BYTES = 2 + SHORT_ID_BYTES;
const FLAG_ACK_WANTED = 1;
const FLAG_TRACED = 2;

const FRAME_TYPES = { event: 1, ack: 2, filled: 3, hint: 4 } as const;
const KEY_KINDS = { clear: 1, expire: 2, put: 3, fill: 4 } as const;
const KEY_KIND_NAMES: readonly (KeyKind | undefined)[] = [undefined, 'clear', 'expire', 'put', 'fill'];
const SCOPE_KINDS = { 'clear-scope': 5, 'expire-scope': 6 } as const;
const SCOPE_KIND_NAMES: Readonly<Record<number, ScopeKind>> = { 5: 'clear-scope', 6: 'expire-scope' };

/** What an event does to one key: removed, expired, replaced by a write, or replaced by a load. */
export type KeyKind = keyof typeof KEY_KINDS;

/** What an event does to all values of a scope: ends their life, or their freshness alone. */
export type ScopeKind = keyof typeof SCOPE_KINDS;

/** What an event does to one key. */
export interface KeyEffect {
  readonly kind: KeyKind;
  readonly keyId: KeyId;
}

/** What an event does to a scope. */
export interface ScopeEffect {
  readonly kind: ScopeKind;
  readonly scopeId: ScopeId;
}

/** What an event does to near-caches. */
export type Effect = KeyEffect | ScopeEffect;

/** A position in a partition's history. */
export interface Position {
  readonly partition: number;
  readonly incarnation: Incarnation;
  readonly sequence: number;
}

/** One committed event: a position, the sequence of the event before it (0: none), what it does, and who made it. */
export interface CommittedEvent extends Position {
  readonly previous: number;
  readonly effect: Effect;
  readonly sender: NodeId;
}

/** W3C trace context: 32 and 16 hexadecimal characters, and the trace flags (0…255). */
export interface TraceContext {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
}

/** A committed event on the bus. */
export interface EventFrame extends CommittedEvent {
  readonly type: 'event';
  readonly ackWanted: boolean;
  readonly trace?: TraceContext;
}

/** Says that the event at this position has taken effect on the sender. */
export interface AckFrame extends Position {
  readonly type: 'ack';
  readonly sender: NodeId;
}

/** Wakes those who wait for another's load of a key: it was filled, or given up. */
export interface FilledFrame {
  readonly type: 'filled';
  readonly keyId: KeyId;
  readonly sender: NodeId;
}

/** A clear that is not committed, because the tier is away: an effect without a position. */
export interface HintFrame {
  readonly type: 'hint';
  readonly effect: Effect;
  readonly sender: NodeId;
}

export type Frame = EventFrame | AckFrame | FilledFrame | HintFrame;

/** The size of a frame's encoding, in bytes. */
export function frameBytes(frame: Frame): number {
  switch (frame.type) {
    case 'event':
      return FRAME_HEAD_BYTES + POSITION_BYTES + SEQUENCE_BYTES + EFFECT_BYTES + (frame.trace ? TRACE_BYTES : 0);
    case 'ack':
      return FRAME_HEAD_BYTES + POSITION_BYTES;
    case 'filled':
      return FRAME_HEAD_BYTES + ID_BYTES;
    case 'hint':
      return FRAME_HEAD_BYTES + EFFECT_BYTES;
  }
}

/**
 * Writes a frame: type (1 byte), flags (1), sender (8), then by type. Event: position, previous sequence (8), effect,
 * and trace id, span id and trace flags where traced. Ack: position. Filled: key id (16). Hint: effect.
 * A position is partition (2), incarnation (8) and sequence (8); an effect is kind (1) and key or scope id (16).
 */
export function writeFrame(writer: ByteWriter, frame: Frame): void {
  writer.u8(FRAME_TYPES[frame.type]);
  const isEvent = frame.type === 'event';
  writer.u8((isEvent && frame.ackWanted ? FLAG_ACK_WANTED : 0) | (isEvent && frame.trace ? FLAG_TRACED : 0));
  writer.hex(frame.sender);
  switch (frame.type) {
    case 'event':
      writePosition(writer, frame);
      writer.sequence(frame.previous);
      writeEffect(writer, frame.effect);
      if (frame.trace) writeTrace(writer, frame.trace);
      return;
    case 'ack':
      return writePosition(writer, frame);
    case 'filled':
      return writer.hex(frame.keyId);
    case 'hint':
      return writeEffect(writer, frame.effect);
  }
}

/** Reads one frame up to the reader's end; undefined when the bytes are none, or of a later release. */
export function readFrame(reader: ByteReader): Frame | undefined {
  const type = reader.u8();
  const flags = reader.u8();
  const sender = reader.hex(SHORT_ID_BYTES) as NodeId;
  const frame = readFrameBody(reader, { type, flags, sender });
  return reader.isWhole ? frame : undefined;
}

/** Encodes what a partition's log keeps of an event besides its position: the effect and the sender, 25 bytes. */
export function encodeLogBody(effect: Effect, sender: NodeId): Uint8Array {
  const writer = new ByteWriter(EFFECT_BYTES + SHORT_ID_BYTES);
  writeEffect(writer, effect);
  writer.hex(sender);
  return writer.bytes;
}

/** Decodes {@link encodeLogBody}; undefined when the bytes are none. */
export function decodeLogBody(bytes: Uint8Array): { effect: Effect; sender: NodeId } | undefined {
  const reader = new ByteReader(bytes);
  const effect = readEffect(reader);
  const sender = reader.hex(SHORT_ID_BYTES) as NodeId;
  return effect !== undefined && reader.isWhole ? { effect, sender } : undefined;
}

function readFrameBody(
  reader: ByteReader,
  head: { readonly type: number; readonly flags: number; readonly sender: NodeId },
): Frame | undefined {
  const { sender } = head;
  switch (head.type) {
    case FRAME_TYPES.event: {
      const { partition, incarnation, sequence } = readPosition(reader);
      const previous = reader.sequence();
      const effect = readEffect(reader);
      if (effect === undefined || previous >= sequence) return undefined;
      const ackWanted = (head.flags & FLAG_ACK_WANTED) !== 0;
      const event: Frame = { type: 'event', partition, incarnation, sequence, previous, effect, sender, ackWanted };
      return (head.flags & FLAG_TRACED) === 0 ? event : { ...event, trace: readTrace(reader) };
    }
    case FRAME_TYPES.ack:
      return { type: 'ack', ...readPosition(reader), sender };
    case FRAME_TYPES.filled:
      return { type: 'filled', keyId: reader.hex(ID_BYTES) as KeyId, sender };
    case FRAME_TYPES.hint: {
      const effect = readEffect(reader);
      return effect && { type: 'hint', effect, sender };
    }
    default:
      return undefined;
  }
}

function writePosition(writer: ByteWriter, position: Position): void {
  writer.u16(position.partition);
  writer.hex(position.incarnation);
  writer.sequence(position.sequence);
}

function readPosition(reader: ByteReader): Position {
  const partition = reader.u16();
  const incarnation = reader.hex(SHORT_ID_BYTES) as Incarnation;
  return { partition, incarnation, sequence: reader.sequence() };
}

function writeEffect(writer: ByteWriter, effect: Effect): void {
  writer.u8('scopeId' in effect ? SCOPE_KINDS[effect.kind] : KEY_KINDS[effect.kind]);
  writer.hex('scopeId' in effect ? effect.scopeId : effect.keyId);
}

function readEffect(reader: ByteReader): Effect | undefined {
  const code = reader.u8();
  const id = reader.hex(ID_BYTES);
  const scopeKind = SCOPE_KIND_NAMES[code];
  if (scopeKind !== undefined) return { kind: scopeKind, scopeId: id as ScopeId };
  const kind = KEY_KIND_NAMES[code];
  return kind && { kind, keyId: id as KeyId };
}

function writeTrace(writer: ByteWriter, trace: TraceContext): void {
  writer.hex(trace.traceId);
  writer.hex(trace.spanId);
  writer.u8(trace.flags);
}

function readTrace(reader: ByteReader): TraceContext {
  return { traceId: reader.hex(ID_BYTES), spanId: reader.hex(SHORT_ID_BYTES), flags: reader.u8() };
}
