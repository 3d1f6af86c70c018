import type { KeyId } from '@lockstep/core';
import { Tracing } from '@lockstep/telemetry';
import { FakeClock, FakeRandom, settle, silentLogger } from '@lockstep/testkit';
import { expect, test } from 'vitest';
import { Background } from './background.ts';
import { Heartbeat } from './heartbeat.ts';
import { KeyRing } from './key-ring.ts';
import { Node } from './node.ts';
import { NullBus, NullTier } from './null-tier.ts';
import { deriveSecrets } from './secret.ts';

function beating() {
  const clock = new FakeClock();
  const node = new Node({
    clock,
    timers: clock,
    random: new FakeRandom(),
    logger: silentLogger,
    tier: new NullTier(clock),
    bus: new NullBus(),
    background: new Background(silentLogger),
    secrets: deriveSecrets('a secret of some length'),
    keys: new KeyRing([], { clock, random: new FakeRandom(), logger: silentLogger }),
    tracing: new Tracing({ lookups: 'off', requireParentSpan: true }),
    partitions: 1,
    deltaMs: 2_000,
    deltaMaxMs: 10_000,
    shared: true,
  });
  return { clock, node, heartbeat: new Heartbeat(node, { replayMax: 1, onBeat: () => {} }) };
}

test('lookups that want to catch up share a heartbeat, and none begins within 20 ms of the last', async () => {
  const { clock, node, heartbeat } = beating();
  await heartbeat.beat();
  const waiting = Promise.all([heartbeat.beat(), heartbeat.beat()]);
  await clock.run(19);
  expect(node.counters.heartbeats).toBe(1);
  await clock.run(1);
  await waiting;
  expect(node.counters.heartbeats).toBe(2);
});

test('stopping ends the wait for a turn, and no heartbeat comes of it', async () => {
  const { node, heartbeat } = beating();
  await heartbeat.beat();
  const waiting = heartbeat.beat();
  await settle();
  await heartbeat.stop();
  await waiting;
  expect(node.counters.heartbeats).toBe(1);
});

test('who starts over from the tier may have missed events: a failure before that keeps no key from being loaded', async () => {
  const { node, clock, heartbeat } = beating();
  const keyId = 'a'.repeat(32) as KeyId;
  node.failures.note(keyId, { error: new Error('the origin is down'), untilMs: Number.POSITIVE_INFINITY });
  await heartbeat.beat();
  expect(node.counters.resets).toBeGreaterThan(0);
  expect(node.failures.of(keyId, clock.nowMs())).toBeUndefined();
});
