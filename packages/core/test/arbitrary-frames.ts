import { createHmac } from 'node:crypto';
import fc from 'fast-check';
import type {
  AckFrame,
  Effect,
  EventFrame,
  FilledFrame,
  Frame,
  HintFrame,
  Incarnation,
  KeyId,
  MessageMac,
  NodeId,
  ScopeId,
} from '../src/index.ts';

const SEQUENCE_MAX = Number.MAX_SAFE_INTEGER;

/** Records like object literals, which strict comparisons ask for. */
const PLAIN = { noNullPrototype: true } as const;

/** Lower-case hexadecimal of `bytes` bytes. */
function hex(bytes: number): fc.Arbitrary<string> {
  const whole = fc.uint8Array({ minLength: bytes, maxLength: bytes });
  return whole.map((value) => Buffer.from(value).toString('hex'));
}

const sender = hex(8).map((id) => id as NodeId);
const position = {
  partition: fc.nat({ max: 0xffff }),
  incarnation: hex(8).map((id) => id as Incarnation),
  sequence: fc.integer({ min: 1, max: SEQUENCE_MAX }),
};
const trace = fc.record({ traceId: hex(16), spanId: hex(8), flags: fc.nat({ max: 255 }) }, PLAIN);

export const arbitraryEffect: fc.Arbitrary<Effect> = fc.oneof(
  fc.record(
    {
      kind: fc.constantFrom('clear' as const, 'expire' as const, 'put' as const, 'fill' as const),
      keyId: hex(16).map((id) => id as KeyId),
    },
    PLAIN,
  ),
  fc.record(
    {
      kind: fc.constantFrom('clear-scope' as const, 'expire-scope' as const),
      scopeId: hex(16).map((id) => id as ScopeId),
    },
    PLAIN,
  ),
);

export const arbitrarySender: fc.Arbitrary<NodeId> = sender;

const event: fc.Arbitrary<EventFrame> = fc
  .record(
    {
      type: fc.constant('event' as const),
      ...position,
      previousFraction: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
      effect: arbitraryEffect,
      sender,
      ackWanted: fc.boolean(),
      traces: fc.array(trace, { maxLength: 1 }),
    },
    PLAIN,
  )
  .map(({ previousFraction, traces: [traced], ...frame }) => ({
    ...frame,
    previous: Math.min(frame.sequence - 1, Math.floor(frame.sequence * previousFraction)),
    ...(traced ? { trace: traced } : {}),
  }));

const ack: fc.Arbitrary<AckFrame> = fc.record({ type: fc.constant('ack' as const), ...position, sender }, PLAIN);

const filled: fc.Arbitrary<FilledFrame> = fc.record(
  {
    type: fc.constant('filled' as const),
    keyId: hex(16).map((id) => id as KeyId),
    sender,
  },
  PLAIN,
);

const hint: fc.Arbitrary<HintFrame> = fc.record(
  { type: fc.constant('hint' as const), effect: arbitraryEffect, sender },
  PLAIN,
);

/** Any frame that a node may send, by type. */
export const arbitraryFrameOf: { readonly [T in Frame['type']]: fc.Arbitrary<Frame> } = { event, ack, filled, hint };

export const arbitraryFrame: fc.Arbitrary<Frame> = fc.oneof(event, ack, filled, hint);

/** The bus's authentication as nodes derive it, under the key `bus key`. */
export const busMac: MessageMac = (bytes) => createHmac('sha256', 'bus key').update(bytes).digest().subarray(0, 16);
