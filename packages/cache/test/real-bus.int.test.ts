import { connectNats } from '@lockstep/bus-nats';
import type { RunningServer } from '@lockstep/testkit';
import { startNats, startRedis, waitFor } from '@lockstep/testkit';
import { connectKeydb } from '@lockstep/tier-keydb';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Lockstep, Namespace } from '../src/index.ts';
import { openLockstep } from '../src/index.ts';

describe('three nodes on a real tier and a real bus', () => {
  let redis: RunningServer;
  let nats: RunningServer;
  let nodes: readonly { readonly lockstep: Lockstep; readonly tools: Namespace<string> }[];

  beforeAll(async () => {
    [redis, nats] = await Promise.all([startRedis(), startNats()]);
    const open = async () => {
      const tier = connectKeydb({ url: redis.url, cluster: 'test' });
      const bus = connectNats({ servers: nats.url, cluster: 'test' });
      await waitFor(() => bus.connected, { what: 'the bus' });
      const lockstep = await openLockstep({ secret: 'a secret for this test', tier, bus, maxStaleness: 10_000 });
      return { lockstep, tools: lockstep.namespace<string>('tools') };
    };
    nodes = await Promise.all([open(), open(), open()]);
  });

  afterAll(async () => {
    await Promise.all(nodes.map(({ lockstep }) => lockstep.close()));
    await Promise.all([redis.stop(), nats.stop()]);
  });

  test('a clear on one empties all, by the bus alone', async () => {
    for (const { tools } of nodes) {
      await waitFor(async () => (await tools.getOrLoad('tool', () => 'v')) && tools.peek('tool') !== undefined, {
        what: 'a near entry on every node',
      });
    }
    await nodes[1]?.tools.clear('tool');
    await waitFor(() => nodes.every(({ tools }) => tools.peek('tool') === undefined), { what: 'the clear everywhere' });
    expect(nodes.map(({ lockstep }) => lockstep.stats().eventsReplayed)).toEqual([0, 0, 0]);
  });

  test('one load answers concurrent misses on all of them (P5)', async () => {
    let loads = 0;
    const callers = nodes.flatMap(({ tools }) => {
      return Array.from({ length: 50 }, () => tools.getOrLoad('cold', async () => `load ${++loads}`));
    });
    expect(new Set(await Promise.all(callers))).toEqual(new Set(['load 1']));
  });

  test('nodes answer, and clears arrive, after the bus was away', async () => {
    await nodes[0]?.tools.set('tool', 'v1');
    await nats.kill();
    expect(await nodes[1]?.tools.get('tool')).toBe('v1');
    await nodes[0]?.tools.set('tool', 'v2');
    await nats.restart();
    await waitFor(async () => (await nodes[1]?.tools.get('tool')) === 'v2', { what: 'the write made meanwhile' });
    expect(nodes.map(({ lockstep }) => lockstep.coherence.state)).toEqual(['coherent', 'coherent', 'coherent']);
  });
});
