import type { Members, NodeId } from '@lockstep/core';
import { Tracing } from '@lockstep/telemetry';
import { FakeClock, FakeRandom, silentLogger } from '@lockstep/testkit';
import { expect, test } from 'vitest';
import { Background } from './background.ts';
import { KeyRing } from './key-ring.ts';
import { Membership } from './membership.ts';
import { Node } from './node.ts';
import { NullBus, NullTier } from './null-tier.ts';
import { deriveSecrets } from './secret.ts';

const OTHER = 'cd'.repeat(8) as NodeId;
const DELTA_MAX_MS = 10_000;
/** The longer of 30 s and four times the largest Δ. */
const SILENCE_MS = 40_000;

/** A tier whose member list the test writes. */
class ListedTier extends NullTier {
  readonly records: Map<NodeId, string> = new Map();

  override async members(): Promise<Members> {
    return { ...(await super.members()), nonces: new Map(this.records) };
  }

  override async forget(node?: NodeId, nonce?: string): Promise<void> {
    if (node !== undefined && this.records.get(node) === nonce) this.records.delete(node);
  }
}

function watching() {
  const clock = new FakeClock();
  const tier = new ListedTier(clock);
  const node = new Node({
    clock,
    timers: clock,
    random: new FakeRandom(),
    logger: silentLogger,
    tier,
    bus: new NullBus(),
    background: new Background(silentLogger),
    secrets: deriveSecrets('a secret of some length'),
    keys: new KeyRing([], { clock, random: new FakeRandom(), logger: silentLogger }),
    tracing: new Tracing({ lookups: 'off', requireParentSpan: true }),
    partitions: 1,
    deltaMs: 2_000,
    deltaMaxMs: DELTA_MAX_MS,
    shared: true,
  });
  return { clock, tier, node, membership: new Membership(node) };
}

test('a member whose nonce this node has seen unchanged for long enough is forgotten, and not before', async () => {
  const { clock, tier, membership } = watching();
  tier.records.set(OTHER, 'n1');
  await membership.look();
  clock.advance(SILENCE_MS - 1);
  await membership.look();
  expect(tier.records.has(OTHER)).toBe(true);
  clock.advance(1);
  await membership.look();
  expect(tier.records.has(OTHER)).toBe(false);
});

test('a member that beats stays, and so does this node itself', async () => {
  const { clock, tier, node, membership } = watching();
  tier.records.set(node.id, 'mine');
  for (let beat = 0; beat < 10; beat++) {
    tier.records.set(OTHER, `n${beat}`);
    await membership.look();
    clock.advance(SILENCE_MS - 1);
  }
  expect([...tier.records.keys()]).toEqual([node.id, OTHER]);
});

test('a jump of wall time makes no member silent: what others lose by it is measured on monotonic time', async () => {
  const { clock, tier, membership } = watching();
  tier.records.set(OTHER, 'n1');
  await membership.look();
  clock.jump(10 * SILENCE_MS);
  await membership.look();
  expect(tier.records.has(OTHER)).toBe(true);
});

test('the list is read about once per Δ', async () => {
  const { clock, membership } = watching();
  expect(membership.isDue).toBe(true);
  await membership.look();
  clock.advance(1_499);
  expect(membership.isDue).toBe(false);
  clock.advance(1_001);
  expect(membership.isDue).toBe(true);
});
