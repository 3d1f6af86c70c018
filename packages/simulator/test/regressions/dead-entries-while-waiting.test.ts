import { openLockstep } from '@lockstep/cache';
import type { Head, KeyAddress, LeaseRequest, TierRead } from '@lockstep/core';
import { encodeBody, entryVersion } from '@lockstep/core';
import type { TierLink } from '@lockstep/testing/world';
import { Prng, SimMachine, SimTier, TierServer, World } from '@lockstep/testing/world';
import { expect, test } from 'vitest';

const LEASE_MS = 3_000;

/** A node's tier that remembers what it was asked for. */
class ObservedTier extends SimTier {
  asked: KeyAddress | undefined;

  override read(address: KeyAddress, lease?: LeaseRequest): Promise<TierRead> {
    this.asked = address;
    return super.read(address, lease);
  }
}

test('a lookup that waits loads nothing beside the holder of the lease, however many dead fills it sees (P5)', async () => {
  const world = new World(1);
  const server = new TierServer(world);
  const latencyMs = [0.05, 0.1] as const;
  const link: TierLink = {
    latencyMs,
    answerMs: latencyMs,
    lost: 0,
    unanswered: 0,
    late: 0,
    pauseMs: [0, 0.5],
    isCut: false,
    isRefused: false,
    upSinceMs: 0,
  };
  const via = { control: server, data: server, link };
  const machine = new SimMachine(world, { number: 0, rate: 1 });
  const tier = new ObservedTier(world, machine, via);
  const other = new SimTier(world, new SimMachine(world, { number: 1, rate: 1 }), via);
  const passed = async <T>(ms: number, work: Promise<T>): Promise<T> => {
    await world.run(world.nowMs + ms);
    return work;
  };

  const lockstep = await passed(
    500,
    openLockstep({
      secret: 'the secret of a regression',
      tier,
      bus: { connected: true, listen: () => {}, publish: () => {}, close: async () => {} },
      clock: machine,
      timers: machine,
      random: new Prng(1),
    }),
  );
  const tools = lockstep.namespace<string>('tools', { lease: LEASE_MS });
  await passed(5, tools.get('a'));
  const address = tier.asked as KeyAddress;
  const born = (await passed(5, other.control()))?.head as Head;
  await passed(5, lockstep.clear({ everything: true }));

  let loads = 0;
  await passed(5, other.read(address, { token: 'lease 0', leaseMs: LEASE_MS }));
  const waiting = tools.getOrLoad('a', () => {
    loads++;
    return 'loaded';
  });
  for (let fills = 0; fills < 6; fills++) {
    await world.run(world.nowMs + 600);
    const body = encodeBody({
      codec: 0,
      packing: 0,
      graceMs: 0,
      tags: [],
      payload: new TextEncoder().encode(`"${fills}"`),
    });
    const write = {
      ...address,
      sender: lockstep.nodeId as never,
      body,
      born,
      fingerprint: String(fills).repeat(32),
      ttlMs: 30_000,
    };
    await passed(1, other.fill(write, `lease ${fills}`));
    const stored = await passed(1, other.read(address));
    const version = entryVersion((stored.entry as NonNullable<TierRead['entry']>).bytes) as string;
    const token = `lease ${fills + 1}`;
    expect(await passed(1, other.readOver(address, version, { token, leaseMs: LEASE_MS }))).toMatchObject({
      lease: 'granted',
    });
  }
  expect(loads).toBe(0);
  await passed(1, other.release(address, 'lease 6'));
  expect(await passed(600, waiting)).toBe('loaded');
  expect(loads).toBe(1);
});
