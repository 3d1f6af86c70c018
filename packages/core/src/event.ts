import { hexOf, readSequence, writeHex, writeSequence } from './bytes.ts';
import type { Incarnation, KeyId, NodeId, ScopeId } from './keys.ts';

/** First byte of every bus message. */
export const MESSAGE_MAGIC = 0x4c;

/** Version of the bus message's layout; a message of another version is rejected whole. */
export const MESSAGE_VERSION = 1;

/** The most frames one message carries. */
export const FRAMES_PER_MESSAGE_MAX = 1024;

const MESSAGE_AUTHENTICATED = 1;
const MESSAGE_HEAD_BYTES = 5;
const MAC_BYTES = 16;
const ID_BYTES = 16;
const SHORT_ID_BYTES = 8;
const TRACE_BYTES = 25;
const FRAME_HEAD_BYTES = 2 + SHORT_ID_BYTES;
const EFFECT_BYTES = 1 + ID_BYTES;
const POSITION_BYTES = 2 + SHORT_ID_BYTES + 8;
const FLAG_ACK_WANTED = 1;
const FLAG_TRACED = 2;

const FRAME_TYPES = { event: 1, ack: 2, filled: 3, hint: 4 } as const;
const KEY_KINDS = { clear: 1, expire: 2, put: 3, fill: 4 } as const;
const CLEAR_SCOPE = 5;
const KEY_KIND_NAMES: readonly (KeyKind | undefined)[] = [undefined, 'clear', 'expire', 'put', 'fill'];

/** What an event does to one key: removed, expired, replaced by a write, or replaced by a load. */
export type KeyKind = keyof typeof KEY_KINDS;

/** What an event does to near-caches. */
export type Effect =
  | { readonly kind: KeyKind; readonly keyId: KeyId }
  | { readonly kind: 'clear-scope'; readonly scopeId: ScopeId };

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

/** Authenticates a message: 16 bytes computed from the bytes before them and the cluster's secret. */
export type MessageMac = (bytes: Uint8Array) => Uint8Array;

/** Why a whole message was not read. */
export type MessageFault = 'not-a-message' | 'unknown-version' | 'unauthentic' | 'truncated';

/** What was in a message: the frames that parsed, and how many did not. */
export interface DecodedMessage {
  readonly frames: readonly Frame[];
  readonly rejected: number;
  readonly fault?: MessageFault;
}

/** Encodes frames, at most {@link FRAMES_PER_MESSAGE_MAX}, as one bus message; with `mac`, authenticated. */
export function encodeMessage(frames: readonly Frame[], mac?: MessageMac): Uint8Array {
  let size = MESSAGE_HEAD_BYTES + (mac ? MAC_BYTES : 0);
  for (const frame of frames) size += 2 + frameBytes(frame);
  const bytes = new Uint8Array(size);
  const view = new DataView(bytes.buffer);
  bytes[0] = MESSAGE_MAGIC;
  bytes[1] = MESSAGE_VERSION;
  bytes[2] = mac ? MESSAGE_AUTHENTICATED : 0;
  view.setUint16(3, frames.length);
  let at = MESSAGE_HEAD_BYTES;
  for (const frame of frames) {
    const length = frameBytes(frame);
    view.setUint16(at, length);
    writeFrame(bytes, view, at + 2, frame);
    at += 2 + length;
  }
  if (mac) bytes.set(mac(bytes.subarray(0, at)), at);
  return bytes;
}

/**
 * Decodes a bus message; never throws, whatever the bytes are.
 *
 * With `mac`, a message that does not carry the right one is rejected before anything else in it is looked at.
 * A frame that does not parse is counted in `rejected`; the others are answered.
 */
export function decodeMessage(bytes: Uint8Array, mac?: MessageMac): DecodedMessage {
  const fault = (reason: MessageFault): DecodedMessage => ({ frames: [], rejected: 1, fault: reason });
  if (bytes.length < MESSAGE_HEAD_BYTES || bytes[0] !== MESSAGE_MAGIC) return fault('not-a-message');
  if (bytes[1] !== MESSAGE_VERSION) return fault('unknown-version');
  const authenticated = ((bytes[2] as number) & MESSAGE_AUTHENTICATED) !== 0;
  const end = bytes.length - (authenticated ? MAC_BYTES : 0);
  if (end < MESSAGE_HEAD_BYTES) return fault('truncated');
  if (mac && !(authenticated && equalBytes(mac(bytes.subarray(0, end)), bytes.subarray(end)))) {
    return fault('unauthentic');
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const count = view.getUint16(3);
  const frames: Frame[] = [];
  let at = MESSAGE_HEAD_BYTES;
  for (let index = 0; index < count; index++) {
    const length = at + 2 <= end ? view.getUint16(at) : end;
    if (at + 2 + length > end) return { frames, rejected: count - frames.length, fault: 'truncated' };
    const frame = readFrame(bytes, view, { at: at + 2, end: at + 2 + length });
    if (frame) frames.push(frame);
    at += 2 + length;
  }
  return { frames, rejected: count - frames.length };
}

/** Encodes what a partition's log keeps of an event besides its position: the effect and the sender, 25 bytes. */
export function encodeLogBody(effect: Effect, sender: NodeId): Uint8Array {
  const bytes = new Uint8Array(EFFECT_BYTES + SHORT_ID_BYTES);
  writeEffect(bytes, 0, effect);
  writeHex(bytes, EFFECT_BYTES, sender);
  return bytes;
}

/** Decodes {@link encodeLogBody}; undefined when the bytes are none. */
export function decodeLogBody(bytes: Uint8Array): { effect: Effect; sender: NodeId } | undefined {
  if (bytes.length !== EFFECT_BYTES + SHORT_ID_BYTES) return undefined;
  const effect = readEffect(bytes, 0);
  return effect && { effect, sender: hexOf(bytes, EFFECT_BYTES, SHORT_ID_BYTES) as NodeId };
}

function frameBytes(frame: Frame): number {
  switch (frame.type) {
    case 'event':
      return FRAME_HEAD_BYTES + POSITION_BYTES + 8 + EFFECT_BYTES + (frame.trace ? TRACE_BYTES : 0);
    case 'ack':
      return FRAME_HEAD_BYTES + POSITION_BYTES;
    case 'filled':
      return FRAME_HEAD_BYTES + ID_BYTES;
    case 'hint':
      return FRAME_HEAD_BYTES + EFFECT_BYTES;
  }
}

function writeFrame(bytes: Uint8Array, view: DataView, start: number, frame: Frame): void {
  bytes[start] = FRAME_TYPES[frame.type];
  writeHex(bytes, start + 2, frame.sender);
  const at = start + FRAME_HEAD_BYTES;
  switch (frame.type) {
    case 'event':
      bytes[start + 1] = (frame.ackWanted ? FLAG_ACK_WANTED : 0) | (frame.trace ? FLAG_TRACED : 0);
      writePosition(bytes, view, at, frame);
      writeSequence(view, at + POSITION_BYTES, frame.previous);
      writeEffect(bytes, at + POSITION_BYTES + 8, frame.effect);
      if (frame.trace) writeTrace(bytes, at + POSITION_BYTES + 8 + EFFECT_BYTES, frame.trace);
      return;
    case 'ack':
      return writePosition(bytes, view, at, frame);
    case 'filled':
      return writeHex(bytes, at, frame.keyId);
    case 'hint':
      return writeEffect(bytes, at, frame.effect);
  }
}

function readFrame(bytes: Uint8Array, view: DataView, span: { at: number; end: number }): Frame | undefined {
  const length = span.end - span.at;
  if (length < FRAME_HEAD_BYTES) return undefined;
  const flags = bytes[span.at + 1] as number;
  const sender = hexOf(bytes, span.at + 2, SHORT_ID_BYTES) as NodeId;
  const at = span.at + FRAME_HEAD_BYTES;
  const rest = length - FRAME_HEAD_BYTES;
  switch (bytes[span.at]) {
    case FRAME_TYPES.event: {
      const traced = (flags & FLAG_TRACED) !== 0;
      if (rest !== POSITION_BYTES + 8 + EFFECT_BYTES + (traced ? TRACE_BYTES : 0)) return undefined;
      const position = readPosition(bytes, view, at);
      const previous = readSequence(view, at + POSITION_BYTES);
      const effect = readEffect(bytes, at + POSITION_BYTES + 8);
      if (!position || !effect || !(previous < position.sequence)) return undefined;
      const ackWanted = (flags & FLAG_ACK_WANTED) !== 0;
      const event: EventFrame = { type: 'event', ...position, previous, effect, sender, ackWanted };
      return traced ? { ...event, trace: readTrace(bytes, at + POSITION_BYTES + 8 + EFFECT_BYTES) } : event;
    }
    case FRAME_TYPES.ack: {
      const position = rest === POSITION_BYTES ? readPosition(bytes, view, at) : undefined;
      return position && { type: 'ack', ...position, sender };
    }
    case FRAME_TYPES.filled:
      return rest === ID_BYTES ? { type: 'filled', keyId: hexOf(bytes, at, ID_BYTES) as KeyId, sender } : undefined;
    case FRAME_TYPES.hint: {
      const effect = rest === EFFECT_BYTES ? readEffect(bytes, at) : undefined;
      return effect && { type: 'hint', effect, sender };
    }
    default:
      return undefined;
  }
}

function writePosition(bytes: Uint8Array, view: DataView, at: number, position: Position): void {
  view.setUint16(at, position.partition);
  writeHex(bytes, at + 2, position.incarnation);
  writeSequence(view, at + 2 + SHORT_ID_BYTES, position.sequence);
}

function readPosition(bytes: Uint8Array, view: DataView, at: number): Position | undefined {
  const sequence = readSequence(view, at + 2 + SHORT_ID_BYTES);
  if (Number.isNaN(sequence)) return undefined;
  return { partition: view.getUint16(at), incarnation: hexOf(bytes, at + 2, SHORT_ID_BYTES) as Incarnation, sequence };
}

function writeEffect(bytes: Uint8Array, at: number, effect: Effect): void {
  if (effect.kind === 'clear-scope') {
    bytes[at] = CLEAR_SCOPE;
    writeHex(bytes, at + 1, effect.scopeId);
  } else {
    bytes[at] = KEY_KINDS[effect.kind];
    writeHex(bytes, at + 1, effect.keyId);
  }
}

function readEffect(bytes: Uint8Array, at: number): Effect | undefined {
  const code = bytes[at] as number;
  const id = hexOf(bytes, at + 1, ID_BYTES);
  if (code === CLEAR_SCOPE) return { kind: 'clear-scope', scopeId: id as ScopeId };
  const kind = KEY_KIND_NAMES[code];
  return kind && { kind, keyId: id as KeyId };
}

function writeTrace(bytes: Uint8Array, at: number, trace: TraceContext): void {
  writeHex(bytes, at, trace.traceId);
  writeHex(bytes, at + ID_BYTES, trace.spanId);
  bytes[at + ID_BYTES + SHORT_ID_BYTES] = trace.flags;
}

function readTrace(bytes: Uint8Array, at: number): TraceContext {
  return {
    traceId: hexOf(bytes, at, ID_BYTES),
    spanId: hexOf(bytes, at + ID_BYTES, SHORT_ID_BYTES),
    flags: bytes[at + ID_BYTES + SHORT_ID_BYTES] as number,
  };
}

function equalBytes(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let at = 0; at < left.length; at++) difference |= (left[at] as number) ^ (right[at] as number);
  return difference === 0;
}
