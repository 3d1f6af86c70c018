import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { arbitraryFrame, busMac } from '../test/arbitrary-frames.ts';
import type { EventFrame, Frame, Incarnation, KeyId, NodeId } from './index.ts';
import { decodeLogBody, decodeMessage, encodeLogBody, encodeMessage } from './index.ts';

/** `LOCKSTEP_FUZZ_RUNS` asks for more, as before a release. */
const RUNS = Number(process.env['LOCKSTEP_FUZZ_RUNS'] ?? 10_000);

const CLEAR: EventFrame = {
  type: 'event',
  partition: 5,
  incarnation: 'fedcba9876543210' as Incarnation,
  sequence: 1_000,
  previous: 999,
  effect: { kind: 'clear', keyId: '00112233445566778899aabbccddeeff' as KeyId },
  sender: '0123456789abcdef' as NodeId,
  ackWanted: false,
};

/** Where the fields of the first frame of a message stand. */
const AT = { count: 3, length: 5, type: 7, flags: 8, sequence: 27, previous: 35, kind: 43 } as const;
const MESSAGE_HEAD_BYTES = 5;
/** What is decoded, written as JSON, is at most so many times as long as its bytes. */
const DECODED_PER_BYTE_MAX = 8;

/** The message of one clear, with some bytes written over. */
function damaged(at: number, ...bytes: readonly number[]): Uint8Array {
  const message = encodeMessage([CLEAR]);
  message.set(bytes, at);
  return message;
}

/** Changes one byte of a message; `change` is 1…255, so that the byte never stays what it was. */
function withByteChanged(message: Uint8Array, where: number, change: number): Uint8Array {
  const at = where % message.length;
  const copy = message.slice();
  copy[at] = (copy[at] as number) ^ change;
  return copy;
}

const changes = { where: fc.nat({ max: 0xffff }), change: fc.integer({ min: 1, max: 255 }) };

describe('bytes that are no message', () => {
  it(`never throw, whatever they are (${RUNS} tries)`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (bytes, isAuthenticated) => {
        const { rejected, fault } = decodeMessage(bytes, isAuthenticated ? busMac : undefined);
        expect(rejected > 0 || fault === undefined).toBe(true);
      }),
      { numRuns: RUNS },
    );
  });

  it(`never throw nor give a frame under a true head, where authentication is wanted (${RUNS} tries)`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.integer({ min: 0, max: 255 }), (tail, flags) => {
        const message = Uint8Array.of(0x4c, 1, flags, 0, 1, ...tail);
        expect(decodeMessage(message, busMac).frames).toEqual([]);
        expect(() => decodeMessage(message)).not.toThrow();
      }),
      { numRuns: RUNS },
    );
  });

  it.each([
    ['empty', Uint8Array.of(), 'not-a-message'],
    ['shorter than a head', Uint8Array.of(0x4c, 1, 0, 0), 'not-a-message'],
    ['of another protocol', damaged(0, 0x4d), 'not-a-message'],
    ['of a later version', damaged(1, 2), 'unknown-version'],
    ['said to be authenticated, and too short for it', Uint8Array.of(0x4c, 1, 1, 0, 0, 0xaa), 'truncated'],
  ] as const)('are rejected whole when %s', (_what, bytes, fault) => {
    expect(decodeMessage(bytes)).toStrictEqual({ frames: [], rejected: 1, fault });
  });
});

describe('a message changed on its way', () => {
  it(`gives no frame when authentication is wanted and one byte differs (${RUNS} tries)`, () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryFrame, { minLength: 1, maxLength: 4 }),
        changes.where,
        changes.change,
        (frames, where, change) => {
          const decoded = decodeMessage(withByteChanged(encodeMessage(frames, busMac), where, change), busMac);
          expect(decoded.frames).toEqual([]);
          expect(decoded.rejected).toBe(1);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it(`never throws without authentication, counts what it loses, and takes no more room than its bytes (${RUNS} tries)`, () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryFrame, { minLength: 1, maxLength: 4 }),
        fc.array(fc.record(changes), { minLength: 1, maxLength: 8 }),
        (frames, bytesChanged) => {
          const message = bytesChanged.reduce(
            (bytes, { where, change }) => withByteChanged(bytes, where, change),
            encodeMessage(frames),
          );
          const decoded = decodeMessage(message);
          expect(decoded.frames.length + decoded.rejected).toBeGreaterThanOrEqual(1);
          expect(JSON.stringify(decoded.frames).length).toBeLessThanOrEqual(DECODED_PER_BYTE_MAX * message.length);
        },
      ),
      { numRuns: RUNS },
    );
  });

  it('gives no frame when it is authenticated under another secret, or not at all', () => {
    const otherMac = (bytes: Uint8Array): Uint8Array => busMac(Uint8Array.of(...bytes, 0));
    for (const message of [encodeMessage([CLEAR], otherMac), encodeMessage([CLEAR])]) {
      expect(decodeMessage(message, busMac)).toStrictEqual({ frames: [], rejected: 1, fault: 'unauthentic' });
    }
  });

  it('gives no frame to a node whose own code is too short to prove anything', () => {
    const noMac = (): Uint8Array => new Uint8Array();
    expect(decodeMessage(encodeMessage([CLEAR], busMac), noMac)).toMatchObject({ frames: [], fault: 'unauthentic' });
  });

  it('gives no frame when the mark of authentication was taken off together with the code', () => {
    const message = encodeMessage([CLEAR], busMac).slice(0, -16);
    message[2] = 0;
    expect(decodeMessage(message, busMac)).toStrictEqual({ frames: [], rejected: 1, fault: 'unauthentic' });
  });
});

describe('a message cut short', () => {
  const frames: readonly Frame[] = [CLEAR, { ...CLEAR, sequence: 1_001, previous: 1_000 }];
  const whole = encodeMessage(frames);
  const frameEnds = [MESSAGE_HEAD_BYTES, MESSAGE_HEAD_BYTES + (whole.length - MESSAGE_HEAD_BYTES) / 2];

  it('at any byte gives the frames before the cut and counts the others', () => {
    for (let length = MESSAGE_HEAD_BYTES; length < whole.length; length++) {
      const complete = frameEnds.filter((end) => end > MESSAGE_HEAD_BYTES && end <= length).length;
      expect(decodeMessage(whole.subarray(0, length))).toStrictEqual({
        frames: frames.slice(0, complete),
        rejected: frames.length - complete,
        fault: 'truncated',
      });
    }
  });

  it('at any byte gives nothing when authentication is wanted', () => {
    const authentic = encodeMessage(frames, busMac);
    for (let length = 0; length < authentic.length; length++) {
      expect(decodeMessage(authentic.subarray(0, length), busMac)).toMatchObject({ frames: [], rejected: 1 });
    }
  });
});

describe('a count that lies', () => {
  it('about too many frames gives those there are and counts the others', () => {
    const decoded = decodeMessage(damaged(AT.count, 0xff, 0xff));
    expect(decoded).toStrictEqual({ frames: [CLEAR], rejected: 0xfffe, fault: 'truncated' });
  });

  it('about too few frames gives those it names and counts the rest as one', () => {
    const message = encodeMessage([CLEAR, CLEAR, CLEAR]);
    message.set([0, 1], AT.count);
    expect(decodeMessage(message)).toStrictEqual({ frames: [CLEAR], rejected: 1 });
  });

  it('about the length of a frame loses that frame', () => {
    const trueLength = encodeMessage([CLEAR]).length - MESSAGE_HEAD_BYTES - 2;
    const longer = new Uint8Array(encodeMessage([CLEAR]).length + 1);
    longer.set(damaged(AT.length, 0, trueLength + 1));
    expect(decodeMessage(longer)).toStrictEqual({ frames: [], rejected: 1 });
    expect(decodeMessage(damaged(AT.length, 0, trueLength - 1))).toStrictEqual({ frames: [], rejected: 2 });
    expect(decodeMessage(damaged(AT.length, 0, 0))).toStrictEqual({ frames: [], rejected: 1, fault: 'truncated' });
  });
});

describe('a frame that does not parse', () => {
  it.each([
    ['a type of a later release', damaged(AT.type, 9)],
    ['type 0', damaged(AT.type, 0)],
    ['an effect of a later release', damaged(AT.kind, 7)],
    ['effect 0', damaged(AT.kind, 0)],
    ['a predecessor that is itself', damaged(AT.previous, 0, 0, 0, 0, 0, 0, 0x03, 0xe8)],
    ['a predecessor that is newer', damaged(AT.previous, 0, 0, 0, 0, 0, 0, 0x03, 0xe9)],
    ['a sequence of 2^53', damaged(AT.sequence, 0, 0x20, 0, 0, 0, 0, 0, 0)],
    ['a predecessor of 2^53', damaged(AT.previous, 0, 0x20, 0, 0, 0, 0, 0, 0)],
    ['sequences of 2^64-1', damaged(AT.sequence, ...Array.from({ length: 16 }, () => 0xff))],
    ['a trace announced and absent', damaged(AT.flags, 2)],
  ])('because of %s is counted and dropped', (_what, message) => {
    expect(decodeMessage(message)).toStrictEqual({ frames: [], rejected: 1 });
  });

  it('costs the others in its message nothing', () => {
    const [first, third] = [CLEAR, { ...CLEAR, sequence: 1_002, previous: 1_001 }];
    const message = encodeMessage([first, CLEAR, third]);
    message[AT.type + (message.length - MESSAGE_HEAD_BYTES) / 3] = 9;
    expect(decodeMessage(message)).toStrictEqual({ frames: [first, third], rejected: 1 });
  });

  it('is not one whose sequence is the largest there is', () => {
    const newest: EventFrame = { ...CLEAR, sequence: Number.MAX_SAFE_INTEGER, previous: Number.MAX_SAFE_INTEGER - 1 };
    expect(decodeMessage(encodeMessage([newest])).frames).toStrictEqual([newest]);
  });
});

describe('a log record that does not parse', () => {
  it(`is none, never a failure, whatever the bytes are (${RUNS} tries)`, () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const decoded = decodeLogBody(bytes);
        if (decoded !== undefined) expect(encodeLogBody(decoded.effect, decoded.sender)).toEqual(bytes);
      }),
      { numRuns: RUNS },
    );
  });

  it.each([-25, -1, 1])('is one whose length is off by %d bytes', (difference) => {
    const bytes = encodeLogBody(CLEAR.effect, CLEAR.sender);
    const other = new Uint8Array(bytes.length + difference);
    other.set(bytes.subarray(0, other.length));
    expect(decodeLogBody(other)).toBeUndefined();
  });
});
