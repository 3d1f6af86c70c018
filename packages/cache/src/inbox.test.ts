import type { EventFrame, Incarnation, KeyId, NodeId } from '@lockstep/core';
import { encodeMessage } from '@lockstep/core';
import { createBusNetwork, FakeClock, FakeRandom, RecordingLogger } from '@lockstep/testkit';
import { expect, test } from 'vitest';
import { openLockstep } from './index.ts';
import { NullTier } from './null-tier.ts';
import { deriveSecrets } from './secret.ts';

const secret = 'a secret of sixteen characters';
const event: EventFrame = {
  type: 'event',
  partition: 0,
  incarnation: '1'.repeat(16) as Incarnation,
  sequence: 7,
  previous: 0,
  effect: { kind: 'clear', keyId: 'ab'.repeat(16) as KeyId },
  sender: 'cd'.repeat(8) as NodeId,
  ackWanted: false,
};

async function listener() {
  const clock = new FakeClock();
  const network = createBusNetwork();
  const logger = new RecordingLogger();
  const ours = { clock, timers: clock, random: new FakeRandom(), logger, secret };
  const lockstep = await openLockstep({ ...ours, tier: new NullTier(clock), bus: network.join() });
  const stranger = network.join();
  const hear = async (bytes: Uint8Array): Promise<void> => {
    stranger.publish(bytes);
    await network.quiet();
  };
  return { lockstep, hear, clock, logger };
}

test.each([
  ['noise', new TextEncoder().encode('not a message')],
  ['nothing', new Uint8Array()],
  ['an event without a MAC', encodeMessage([event])],
  ["an event under another cluster's secret", encodeMessage([event], deriveSecrets('another secret, long enough').mac)],
  ['an event of a partition that is none', encodeMessage([{ ...event, partition: 99 }], deriveSecrets(secret).mac)],
])('%s is counted and dropped', async (_, bytes) => {
  const { lockstep, hear } = await listener();
  await hear(bytes);
  expect(lockstep.stats()).toMatchObject({ messagesReceived: 1, framesRejected: 1, eventsApplied: 0 });
  await lockstep.close();
});

test("an event under the cluster's secret is applied", async () => {
  const { lockstep, hear } = await listener();
  await hear(encodeMessage([event], deriveSecrets(secret).mac));
  expect(lockstep.stats()).toMatchObject({ messagesReceived: 1, framesRejected: 0, eventsApplied: 1 });
  await lockstep.close();
});

test('a flood of noise is logged once a minute', async () => {
  const { lockstep, hear, clock, logger } = await listener();
  const complaints = (): number => logger.entries.filter(({ message }) => message.startsWith('dropped')).length;
  for (let index = 0; index < 100; index++) await hear(new Uint8Array([1, 2, 3]));
  expect(complaints()).toBe(1);
  clock.advance(60_000);
  await hear(new Uint8Array([1, 2, 3]));
  expect(complaints()).toBe(2);
  await lockstep.close();
});
