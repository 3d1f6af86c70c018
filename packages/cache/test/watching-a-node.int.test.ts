import { waitFor } from '@lockstep/testkit';
import { Redis } from 'ioredis';
import { expect, test } from 'vitest';
import type { NodeEvent } from '../src/index.ts';
import { startCluster, warm } from './cluster.ts';
import { openLocal } from './local.ts';

test("a node's listeners hear what others clear, once each, by bus or from the log; none after they have left", async () => {
  await using cluster = await startCluster();
  const [a, b] = cluster.nodes as [(typeof cluster.nodes)[0], (typeof cluster.nodes)[0]];
  const heard: NodeEvent[] = [];
  const leave = b.lockstep.onEvent((event) => heard.push(event));
  await warm(a, 'github', 'a list');
  heard.length = 0;
  const { sequence, partition, target } = await a.tools.clear('github');
  await waitFor(() => heard.length > 0, { what: 'the clear by bus' });
  const { keyId } = target as { readonly keyId: string };
  expect(heard).toEqual([{ kind: 'clear', partition, sequence, keyId }]);

  cluster.network.decide(() => 'drop');
  const scoped = await a.lockstep.expire({ namespace: 'tools' });
  await a.lockstep.clear({ tag: 'a tag' });
  await a.lockstep.clear({ everything: true });
  await waitFor(() => heard.length === 4, { what: 'the clears from the log' });
  expect(heard.slice(1)).toEqual([
    { kind: 'expire-scope', partition: scoped.partition, sequence: scoped.sequence, scope: { namespace: 'tools' } },
    expect.objectContaining({ kind: 'clear-scope', scope: { scopeId: expect.stringMatching(/^[0-9a-f]{32}$/) } }),
    expect.objectContaining({ kind: 'clear-scope', scope: { everything: true } }),
  ]);
  leave();
  const last = await a.lockstep.clear({ everything: true });
  const newest = () => b.lockstep.positions().find(({ partition: which }) => which === 'control')?.applied;
  await waitFor(() => newest() === last.sequence, { what: 'the last clear to be applied' });
  expect(heard).toHaveLength(4);
});

test('a listener that throws keeps nobody from hearing, and a lost history is told as reset', async () => {
  await using cluster = await startCluster({ nodes: 1 });
  const [{ lockstep, tools }] = cluster.nodes as [(typeof cluster.nodes)[0]];
  const heard: string[] = [];
  lockstep.onEvent(() => {
    throw new Error('a bug of the listener');
  });
  lockstep.onEvent(({ kind }) => heard.push(kind));
  await tools.clear('github');
  expect(heard).toEqual(['clear']);
  const redis = new Redis(cluster.redis.url);
  await redis.flushall();
  redis.disconnect();
  await waitFor(() => heard.includes('reset'), { what: 'the reset' });
});

test('positions and members tell where the nodes of a cluster stand', async () => {
  await using cluster = await startCluster({ nodes: 3 });
  const [a, b] = cluster.nodes as [(typeof cluster.nodes)[0], (typeof cluster.nodes)[0]];
  expect(await a.lockstep.members()).toEqual(cluster.nodes.map(({ lockstep }) => lockstep.nodeId).sort());
  const { partition, sequence, incarnation } = await a.tools.clear('github');
  const position = () => b.lockstep.positions().find((of) => of.partition === partition);
  await waitFor(() => position()?.applied === sequence, { what: 'the clear on the other node' });
  expect(position()).toEqual({
    partition,
    incarnation,
    applied: sequence,
    seen: sequence,
    stalenessMs: expect.any(Number),
  });
  expect(position()?.stalenessMs).toBeLessThan(400);
  expect(b.lockstep.positions()).toHaveLength(17);
});

test('alone, a node is the only member, never stale, and hears its own clears', async () => {
  const { lockstep } = await openLocal();
  const heard: NodeEvent[] = [];
  lockstep.onEvent((event) => heard.push(event));
  const { sequence, partition } = await lockstep.clear({ everything: true });
  expect(heard).toEqual([{ kind: 'clear-scope', partition, sequence, scope: { everything: true } }]);
  expect(await lockstep.members()).toEqual([lockstep.nodeId]);
  expect(lockstep.positions().every(({ stalenessMs }) => stalenessMs === 0)).toBe(true);
});
