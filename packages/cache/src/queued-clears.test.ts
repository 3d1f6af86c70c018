import type { Commit, Effect, KeyId } from '@lockstep/core';
import { Tracing } from '@lockstep/telemetry';
import { FakeClock, FakeRandom, silentLogger } from '@lockstep/testkit';
import { ROOT_CONTEXT } from '@opentelemetry/api';
import { expect, test } from 'vitest';
import { Applier } from './apply.ts';
import { Background } from './background.ts';
import { Breaker } from './breaker.ts';
import { KeyRing } from './key-ring.ts';
import { Node } from './node.ts';
import { NullBus, NullTier } from './null-tier.ts';
import { Outbox } from './outbox.ts';
import { QueuedClears } from './queued-clears.ts';
import { deriveSecrets } from './secret.ts';

function queue() {
  const clock = new FakeClock();
  const secrets = deriveSecrets('a secret of some length');
  const node = new Node({
    clock,
    timers: clock,
    random: new FakeRandom(),
    logger: silentLogger,
    tier: new NullTier(clock),
    bus: new NullBus(),
    background: new Background(silentLogger),
    secrets,
    keys: new KeyRing([], { clock, random: new FakeRandom(), logger: silentLogger }),
    tracing: new Tracing({ lookups: 'off', requireParentSpan: true }),
    partitions: 1,
    deltaMs: 2_000,
    deltaMaxMs: 10_000,
    shared: true,
  });
  const outbox = new Outbox(node);
  const applier = new Applier(node, outbox, { reorderWindowMs: 20, requestHeartbeat: () => {} });
  return new QueuedClears(node, { breaker: new Breaker({ probe: () => {} }), applier, outbox });
}

const clearOf = (letter: string): Effect => ({ kind: 'clear', keyId: letter.repeat(32) as KeyId });
const commit: Commit = { incarnation: '1'.repeat(16) as Commit['incarnation'], sequence: 1, previous: 0 };

test('who adds a clear while a replay ends is not told that it is committed before it is', async () => {
  for (let ticks = 0; ticks < 20; ticks++) {
    const clears = queue();
    const first = Promise.withResolvers<Commit>();
    clears.add({ partition: 0, effect: clearOf('a'), send: () => first.promise, context: ROOT_CONTEXT });
    void clears.replay();
    first.resolve(commit);
    for (let tick = 0; tick < ticks; tick++) await undefined;
    let isSent = false;
    const send = async (): Promise<Commit> => {
      isSent = true;
      return { ...commit, sequence: 2, previous: 1 };
    };
    clears.add({ partition: 0, effect: clearOf('b'), send, context: ROOT_CONTEXT });
    const isDone = await clears.replay();
    expect({ ticks, isDone, isSent }).toEqual({ ticks, isDone: true, isSent: true });
  }
});
