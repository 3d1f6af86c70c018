import { ByteReader, ByteWriter } from './bytes.ts';
import type { Frame } from './event.ts';
import { frameBytes, readFrame, writeFrame } from './event.ts';

/** First byte of every bus message. */
export const MESSAGE_MAGIC = 0x4c;

/** Version of the bus message's layout; a message of another version is rejected whole. */
export const MESSAGE_VERSION = 1;

/** The most frames one message carries. */
export const FRAMES_PER_MESSAGE_MAX = 1024;

const AUTHENTICATED = 1;
const HEAD_BYTES = 5;
const MAC_BYTES = 16;

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

/**
 * Encodes frames, at most {@link FRAMES_PER_MESSAGE_MAX}, as one bus message: magic (1 byte), version (1), flags (1),
 * number of frames (2), each frame after its length (2), and with `mac` its 16 bytes at the end.
 */
export function encodeMessage(frames: readonly Frame[], mac?: MessageMac): Uint8Array {
  let end = HEAD_BYTES;
  for (const frame of frames) end += 2 + frameBytes(frame);
  const writer = new ByteWriter(mac ? end + MAC_BYTES : end);
  writer.u8(MESSAGE_MAGIC);
  writer.u8(MESSAGE_VERSION);
  writer.u8(mac ? AUTHENTICATED : 0);
  writer.u16(frames.length);
  for (const frame of frames) {
    writer.u16(frameBytes(frame));
    writeFrame(writer, frame);
  }
  if (mac) writer.raw(mac(writer.bytes.subarray(0, end)));
  return writer.bytes;
}

/**
 * Decodes a bus message; never throws, whatever the bytes are.
 *
 * With `mac`, a message that does not carry the right one is rejected before anything else in it is looked at.
 * A frame that does not parse is counted in `rejected`; the others are answered. Bytes after the last frame count as one.
 */
export function decodeMessage(bytes: Uint8Array, mac?: MessageMac): DecodedMessage {
  const head = new ByteReader(bytes, 0, HEAD_BYTES);
  const magic = head.u8();
  const version = head.u8();
  const flags = head.u8();
  const count = head.u16();
  if (!head.isWhole || magic !== MESSAGE_MAGIC) return rejected(1, 'not-a-message');
  if (version !== MESSAGE_VERSION) return rejected(1, 'unknown-version');
  const authenticated = (flags & AUTHENTICATED) !== 0;
  const end = bytes.length - (authenticated ? MAC_BYTES : 0);
  if (end < HEAD_BYTES) return rejected(1, 'truncated');
  if (mac && !(authenticated && areEqual(mac(bytes.subarray(0, end)), bytes.subarray(end)))) {
    return rejected(1, 'unauthentic');
  }
  const frames: Frame[] = [];
  let at = HEAD_BYTES;
  for (let index = 0; index < count; index++) {
    const length = new ByteReader(bytes, at, end).u16();
    const frameEnd = at + 2 + length;
    if (length === 0 || frameEnd > end) return { frames, rejected: count - frames.length, fault: 'truncated' };
    const frame = readFrame(new ByteReader(bytes, at + 2, frameEnd));
    if (frame) frames.push(frame);
    at = frameEnd;
  }
  return { frames, rejected: count - frames.length + (at < end ? 1 : 0) };
}

function rejected(count: number, fault: MessageFault): DecodedMessage {
  return { frames: [], rejected: count, fault };
}

/** Compares in a time that does not depend on where the bytes differ. */
function areEqual(left: Uint8Array, right: Uint8Array): boolean {
  if (left.length !== right.length) return false;
  let difference = 0;
  for (let at = 0; at < left.length; at++) difference |= (left[at] as number) ^ (right[at] as number);
  return difference === 0;
}
