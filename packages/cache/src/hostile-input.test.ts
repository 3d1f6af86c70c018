import type { Effect, EventFrame, Frame, HintFrame, Incarnation, KeyId, NodeId, ScopeId } from '@lockstep/core';
import { encodeMessage, partitionOf } from '@lockstep/core';
import { createBusNetwork, FakeClock, FakeRandom, silentLogger } from '@lockstep/testkit';
import fc from 'fast-check';
import { expect, test } from 'vitest';
import { openLockstep } from './index.ts';
import { NullTier } from './null-tier.ts';
import { deriveSecrets } from './secret.ts';

/** `LOCKSTEP_FUZZ_RUNS` asks for more, as before a release. */
const RUNS = Number(process.env['LOCKSTEP_FUZZ_RUNS'] ?? 10_000);
const TIMEOUT_MS = 60_000 + RUNS;
const PARTITIONS = 4;

const SECRET = 'a secret of sixteen characters';
const secrets = deriveSecrets(SECRET);
const KEYS = ['a', 'b', 'c', 'd'];
const KEY_IDS = KEYS.map((key) => secrets.identifiers.key('tools', key));

const ids = (bytes: number) =>
  fc.uint8Array({ minLength: bytes, maxLength: bytes }).map((id) => Buffer.from(id).toString('hex'));
const keyId = fc.oneof(
  fc.constantFrom(...KEY_IDS),
  ids(16).map((id) => id as KeyId),
);
const scopeId = fc.oneof(
  fc.constant(secrets.identifiers.scope({ namespace: 'tools' })),
  ids(16).map((id) => id as ScopeId),
);
const effect: fc.Arbitrary<Effect> = fc.oneof(
  fc.record({ kind: fc.constantFrom('clear', 'expire', 'put', 'fill'), keyId }),
  fc.record({ kind: fc.constant('clear-scope' as const), scopeId }),
);
const incarnation = fc.oneof(fc.constant('1'.repeat(16)), ids(8)).map((id) => id as Incarnation);
const sender = ids(8).map((id) => id as NodeId);
const position = {
  partition: fc.oneof(...KEY_IDS.map((id) => fc.constant(partitionOf(id, PARTITIONS))), fc.nat({ max: 0xffff })),
  incarnation,
  sequence: fc.oneof(
    fc.integer({ min: 2, max: 20 }),
    fc.maxSafeNat().map((sequence) => sequence + 1),
  ),
};
const frame: fc.Arbitrary<Frame> = fc.oneof(
  fc
    .record<EventFrame>({
      type: fc.constant('event'),
      ...position,
      previous: fc.constantFrom(0, 1),
      effect,
      sender,
      ackWanted: fc.boolean(),
    })
    .filter(({ sequence }) => Number.isSafeInteger(sequence)),
  fc.record<HintFrame>({ type: fc.constant('hint'), effect, sender }),
  fc.record({ type: fc.constant('filled' as const), keyId, sender }),
);
/** Frames that a stranger forged under the cluster's own secret, and bytes that are nothing. */
const message = fc.oneof(
  fc.array(frame, { minLength: 1, maxLength: 3 }).map((frames) => encodeMessage(frames, secrets.mac)),
  fc.uint8Array({ maxLength: 100 }),
);

/** A node that has heard this many messages is replaced: forged clears of the far future leave little to drop. */
const MESSAGES_PER_NODE = 10;

/** Opens a node with a value for every key, and lets it hear; answers how many values it dropped. */
async function hear(messages: readonly Uint8Array[]): Promise<number> {
  const clock = new FakeClock();
  const network = createBusNetwork();
  const parts = { clock, timers: clock, random: new FakeRandom(), logger: silentLogger, audit: false } as const;
  const tier = new NullTier(clock);
  const lockstep = await openLockstep({ ...parts, secret: SECRET, tier, bus: network.join(), partitions: PARTITIONS });
  const tools = lockstep.namespace<string>('tools');
  for (const key of KEYS) await tools.set(key, `value of ${key}`);
  const stranger = network.join();
  for (const bytes of messages) {
    stranger.publish(bytes);
    await network.quiet();
    for (const key of KEYS) expect([undefined, `value of ${key}`]).toContain(tools.peek(key));
  }
  const dropped = KEYS.filter((key) => tools.peek(key) === undefined).length;
  await lockstep.close();
  return dropped;
}

test(`whatever the bus brings makes a node serve only what was stored, or nothing (${RUNS} tries)`, {
  timeout: TIMEOUT_MS,
}, async () => {
  let dropped = 0;
  const messages = fc.array(message, { minLength: MESSAGES_PER_NODE, maxLength: MESSAGES_PER_NODE });
  const property = fc.asyncProperty(messages, async (brought) => {
    dropped += await hear(brought);
  });
  await fc.assert(property, { numRuns: RUNS / MESSAGES_PER_NODE });
  expect(dropped).toBeGreaterThan(RUNS / MESSAGES_PER_NODE);
});

/** A tier that answers bytes of anyone's choice for every key. */
class HostileTier extends NullTier {
  bytes: Uint8Array = new Uint8Array();

  override async read(...args: Parameters<NullTier['read']>): ReturnType<NullTier['read']> {
    return { ...(await super.read(...args)), entry: { bytes: this.bytes, remainingMs: 60_000 } };
  }
}

test(`whatever bytes the tier has for an entry are a miss, and counted (${RUNS} tries)`, {
  timeout: TIMEOUT_MS,
}, async () => {
  const clock = new FakeClock();
  const tier = new HostileTier(clock);
  const parts = { clock, timers: clock, random: new FakeRandom(), logger: silentLogger, audit: false } as const;
  const lockstep = await openLockstep({ ...parts, tier, secret: SECRET });
  const tools = lockstep.namespace<string>('tools');
  const header = Buffer.from(`f 1 ${'1'.repeat(16)}:0 ${'0'.repeat(32)} 1\n`);
  const noise = fc.uint8Array({ maxLength: 60 });
  const bytes = fc.oneof(
    noise,
    noise.map((body) => Buffer.concat([header, Uint8Array.of(9), body])),
  );
  const read = async (found: Uint8Array): Promise<void> => {
    tier.bytes = found;
    const { entriesRejected } = lockstep.stats();
    expect(await tools.get('tool')).toBeUndefined();
    expect([lockstep.stats().entriesRejected, tools.stats().entries]).toEqual([entriesRejected + 1, 0]);
  };
  await fc.assert(fc.asyncProperty(bytes, read), { numRuns: RUNS });
  await lockstep.close();
});
