import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  arbitraryEffect,
  arbitraryFrame,
  arbitraryFrameOf,
  arbitrarySender,
  busMac,
} from '../test/arbitrary-frames.ts';
import type { AckFrame, EventFrame, FilledFrame, Frame, HintFrame, Incarnation, KeyId, NodeId } from './index.ts';
import {
  CONTROL_PARTITION,
  decodeLogBody,
  decodeMessage,
  EVERYTHING,
  encodeLogBody,
  encodeMessage,
  FRAMES_PER_MESSAGE_MAX,
} from './index.ts';

const SENDER = '0123456789abcdef' as NodeId;
const INCARNATION = 'fedcba9876543210' as Incarnation;
const KEY = '00112233445566778899aabbccddeeff' as KeyId;

const PUT: EventFrame = {
  type: 'event',
  partition: 5,
  incarnation: INCARNATION,
  sequence: 0x6449fa5c8f3d1,
  previous: 0x6449fa5c8f3d0,
  effect: { kind: 'put', keyId: KEY },
  sender: SENDER,
  ackWanted: false,
};
const SCOPE_CLEAR: EventFrame = {
  ...PUT,
  partition: CONTROL_PARTITION,
  sequence: Number.MAX_SAFE_INTEGER,
  previous: 0,
  effect: { kind: 'clear-scope', scopeId: EVERYTHING },
  ackWanted: true,
  trace: { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331', flags: 1 },
};
const ACK: AckFrame = { type: 'ack', partition: 5, incarnation: INCARNATION, sequence: 7, sender: SENDER };
const FILLED: FilledFrame = { type: 'filled', keyId: KEY, sender: SENDER };
const HINT: HintFrame = { type: 'hint', effect: { kind: 'clear', keyId: KEY }, sender: SENDER };

/** Bytes from hexadecimal in groups: one field, or the fields of one part, a string. */
function wire(...parts: readonly string[]): string {
  return parts.join('').replaceAll(' ', '');
}

function hexOf(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}

// What nodes of different releases say to each other. A changed pin is a changed protocol: give it a new version.
const PINNED: readonly { readonly what: string; readonly frame: Frame; readonly bytes: string }[] = [
  {
    what: 'a put',
    frame: PUT,
    bytes: wire(
      '4c 01 00 0001',
      '0035 01 00 0123456789abcdef',
      '0005 fedcba9876543210 0006449fa5c8f3d1 0006449fa5c8f3d0',
      '03 00112233445566778899aabbccddeeff',
    ),
  },
  {
    what: 'a clear of everything with an acknowledgement wanted and a trace',
    frame: SCOPE_CLEAR,
    bytes: wire(
      '4c 01 00 0001',
      '004e 01 03 0123456789abcdef',
      'ffff fedcba9876543210 001fffffffffffff 0000000000000000',
      '05 00000000000000000000000000000000',
      '0af7651916cd43dd8448eb211c80319c b7ad6b7169203331 01',
    ),
  },
  {
    what: 'an acknowledgement',
    frame: ACK,
    bytes: wire('4c 01 00 0001', '001c 02 00 0123456789abcdef', '0005 fedcba9876543210 0000000000000007'),
  },
  {
    what: 'a filled note',
    frame: FILLED,
    bytes: wire('4c 01 00 0001', '001a 03 00 0123456789abcdef', '00112233445566778899aabbccddeeff'),
  },
  {
    what: 'a hint',
    frame: HINT,
    bytes: wire('4c 01 00 0001', '001b 04 00 0123456789abcdef', '01 00112233445566778899aabbccddeeff'),
  },
];

describe('the wire bytes of a message', () => {
  it.each(PINNED)('with $what are these', ({ frame, bytes }) => {
    expect(hexOf(encodeMessage([frame]))).toBe(bytes);
    expect(decodeMessage(Buffer.from(bytes, 'hex'))).toStrictEqual({ frames: [frame], rejected: 0 });
  });

  it.each([
    ['clear', '01'],
    ['expire', '02'],
    ['put', '03'],
    ['fill', '04'],
  ] as const)('name the effect %s by the number %s', (kind, code) => {
    const bytes = hexOf(encodeMessage([{ ...HINT, effect: { kind, keyId: KEY } }]));
    expect(bytes.slice(-34)).toBe(`${code}${KEY}`);
  });

  it('with an authentication code carry its 16 bytes at the end, over all bytes before them', () => {
    const bytes = wire(
      '4c 01 01 0002',
      '001a 03 00 0123456789abcdef 00112233445566778899aabbccddeeff',
      '001b 04 00 0123456789abcdef 01 00112233445566778899aabbccddeeff',
      '80a44fcbf4eb1617810d51968f0eeb16',
    );
    expect(hexOf(encodeMessage([FILLED, HINT], busMac))).toBe(bytes);
    expect(decodeMessage(Buffer.from(bytes, 'hex'), busMac)).toStrictEqual({ frames: [FILLED, HINT], rejected: 0 });
  });

  it('with no frame at all are a head alone', () => {
    expect(hexOf(encodeMessage([]))).toBe(wire('4c 01 00 0000'));
    expect(decodeMessage(encodeMessage([]))).toStrictEqual({ frames: [], rejected: 0 });
  });
});

describe('the bytes of a log record', () => {
  it('are the effect and the sender', () => {
    const bytes = wire('02 00112233445566778899aabbccddeeff', '0123456789abcdef');
    expect(hexOf(encodeLogBody({ kind: 'expire', keyId: KEY }, SENDER))).toBe(bytes);
    expect(decodeLogBody(Buffer.from(bytes, 'hex'))).toStrictEqual({
      effect: { kind: 'expire', keyId: KEY },
      sender: SENDER,
    });
  });

  it('come back as what was encoded, whatever it was', () => {
    fc.assert(
      fc.property(arbitraryEffect, arbitrarySender, (effect, sender) => {
        expect(decodeLogBody(encodeLogBody(effect, sender))).toStrictEqual({ effect, sender });
      }),
    );
  });
});

describe('a frame', () => {
  it.each(Object.keys(arbitraryFrameOf) as Frame['type'][])('of type %s comes back as it was sent', (type) => {
    fc.assert(
      fc.property(arbitraryFrameOf[type], (frame) => {
        expect(decodeMessage(encodeMessage([frame]))).toStrictEqual({ frames: [frame], rejected: 0 });
      }),
      { numRuns: 500 },
    );
  });

  it('comes back with the others of its message, in order, with and without authentication', () => {
    fc.assert(
      fc.property(fc.array(arbitraryFrame, { maxLength: 20 }), fc.boolean(), (frames, isAuthenticated) => {
        const mac = isAuthenticated ? busMac : undefined;
        expect(decodeMessage(encodeMessage(frames, mac), mac)).toStrictEqual({ frames, rejected: 0 });
      }),
    );
  });

  it('comes back from a message that lies in the middle of a larger buffer', () => {
    const message = encodeMessage([PUT], busMac);
    const buffer = new Uint8Array(message.length + 20).fill(0xff);
    buffer.set(message, 7);
    expect(decodeMessage(buffer.subarray(7, 7 + message.length), busMac).frames).toStrictEqual([PUT]);
  });

  it('comes back from a message that holds as many as one may', () => {
    const frames = Array.from({ length: FRAMES_PER_MESSAGE_MAX }, () => SCOPE_CLEAR);
    const message = encodeMessage(frames, busMac);
    expect(message.length).toBeLessThan(128 * 1024);
    expect(decodeMessage(message, busMac)).toStrictEqual({ frames, rejected: 0 });
  });
});
