import type { EntryBody, Frame, Incarnation, KeyId, NodeId, ScopeId } from '@lockstep/core';
import {
  BODY_FORMAT,
  CONTROL_PARTITION,
  EVERYTHING,
  encodeBody,
  encodeLogBody,
  encodeMessage,
  MESSAGE_VERSION,
} from '@lockstep/core';

const sender = '0123456789abcdef' as NodeId;
const incarnation = 'fedcba9876543210' as Incarnation;
const keyId = '00112233445566778899aabbccddeeff' as KeyId;
const scopeId = 'ffeeddccbbaa99887766554433221100' as ScopeId;
const trace = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', flags: 1 };
const at = { partition: 5, incarnation, sequence: 0x6449fa5c8f3d1 };
const event = { type: 'event', ...at, previous: 0x6449fa5c8f3d0, sender, ackWanted: false } as const;
const ofControl = { ...event, partition: CONTROL_PARTITION };

const FRAMES: Readonly<Record<string, Frame>> = {
  'a clear': { ...event, effect: { kind: 'clear', keyId } },
  'an expire': { ...event, effect: { kind: 'expire', keyId } },
  'a put': { ...event, effect: { kind: 'put', keyId } },
  'a loud fill': { ...event, effect: { kind: 'fill', keyId } },
  'a clear of a scope, fenced and traced': {
    ...ofControl,
    effect: { kind: 'clear-scope', scopeId },
    ackWanted: true,
    trace,
  },
  'an expire of everything': { ...ofControl, effect: { kind: 'expire-scope', scopeId: EVERYTHING } },
  'an acknowledgement': { type: 'ack', ...at, sender },
  'a filled note': { type: 'filled', keyId, sender },
  'a hint of a key': { type: 'hint', effect: { kind: 'clear', keyId }, sender },
  'a hint of a scope': { type: 'hint', effect: { kind: 'clear-scope', scopeId }, sender },
};

const BODY: EntryBody = { codec: 0, packing: 0, graceMs: 60_000, tags: [], payload: Buffer.from('{"v":1}') };
const BODIES: Readonly<Record<string, EntryBody>> = {
  'a value': BODY,
  'a value with tags': { ...BODY, tags: [scopeId, EVERYTHING] },
  'a value of another codec, compressed and encrypted': { ...BODY, codec: 0x01020304, packing: 3 },
  'no value': { ...BODY, codec: 254, graceMs: 0, payload: new Uint8Array(0) },
};

type Format = 'message' | 'body';

/** The numbers of the formats that this release writes. */
export const FORMATS: Readonly<Record<Format, number>> = { message: MESSAGE_VERSION, body: BODY_FORMAT };

/** What this release writes of what needs neither time nor chance, in hexadecimal, by format. */
export function wireBytes(): Readonly<Record<Format, Readonly<Record<string, string>>>> {
  const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString('hex');
  const all = <T>(given: Readonly<Record<string, T>>, encode: (one: T) => Uint8Array): Record<string, string> =>
    Object.fromEntries(Object.entries(given).map(([what, one]) => [what, hex(encode(one))]));
  const frames = all(FRAMES, (frame) => encodeMessage([frame]));
  const records = all(FRAMES, (frame) =>
    'effect' in frame ? encodeLogBody(frame.effect, frame.sender) : new Uint8Array(0),
  );
  const logged = Object.entries(records).filter(([, bytes]) => bytes !== '');
  return {
    message: { ...frames, ...Object.fromEntries(logged.map(([what, bytes]) => [`${what}, in the log`, bytes])) },
    body: all(BODIES, encodeBody),
  };
}

/** What a message of {@link wireBytes} says. */
export function frameOf(what: string): Frame | undefined {
  return FRAMES[what];
}

/** What a body of {@link wireBytes} holds. */
export function bodyOf(what: string): EntryBody | undefined {
  return BODIES[what];
}
