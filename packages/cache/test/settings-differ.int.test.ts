import { connectNats } from '@lockstep/bus-nats';
import { RecordingLogger, startNats, waitFor } from '@lockstep/testkit';
import { connectKeydb } from '@lockstep/tier-keydb';
import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import type { LockstepOptions } from '../src/index.ts';
import { openLockstep } from '../src/index.ts';
import type { TestNode } from './cluster.ts';
import { startCluster, warm } from './cluster.ts';

describe('nodes that do not fit together under one cluster name', () => {
  test.each([
    ['partitions', { partitions: 8 }],
    ['secretFingerprint', { secret: 'the secret of quite another cluster' }],
  ])(
    'a node that ran while the tier was flushed, and taken by others with another %s, says so and stays degraded (P8)',
    async (field, differing: Partial<LockstepOptions>) => {
      const logger = new RecordingLogger();
      await using cluster = await startCluster({ nodes: 1, node: { logger } });
      const [a] = cluster.nodes as [TestNode];
      await warm(a, 'tool', 'value');
      a.proxy.stall();
      const redis = new Redis(cluster.redis.url);
      await redis.flushall();
      redis.disconnect();
      const tier = connectKeydb({ url: cluster.redis.url, cluster: 'test' });
      await using other = await openLockstep({ secret: 'a secret for tests, shared by all nodes', tier, ...differing });
      a.proxy.restore();
      await waitFor(() => a.lockstep.coherence.reason?.includes(`${field}: here`), { what: 'the reason' });
      const { heartbeats } = a.lockstep.stats();
      await waitFor(() => a.lockstep.stats().heartbeats > heartbeats + 8, { what: 'eight heartbeats' });
      expect(a.lockstep.coherence).toMatchObject({
        state: 'degraded',
        reason: expect.stringContaining('give all nodes'),
      });
      expect([a.tools.peek('tool'), other.coherence.state]).toEqual([undefined, 'coherent']);
      const told = logger.entries.filter(({ fields }) => String(fields?.['reason']).includes(`${field}: here`));
      expect(told).toHaveLength(1);
      expect(JSON.stringify(logger.entries)).not.toContain('a secret for tests');
    },
  );

  test('two clusters with one name and different secrets on one bus: what the other sends is counted and has no effect', async () => {
    const nats = await startNats();
    await using cluster = await startCluster({ nodes: 0 });
    const open = (secret: string, database: number): Promise<Awaited<ReturnType<typeof openLockstep>>> =>
      openLockstep({
        secret,
        tier: connectKeydb({ url: `${cluster.redis.url}/${database}`, cluster: 'test' }),
        bus: connectNats({ servers: nats.url, cluster: 'test' }),
      });
    await using one = await open('the secret of the one cluster', 0);
    await using other = await open('the secret of the other cluster', 1);
    const tools = one.namespace<string>('tools');
    await tools.set('tool', 'value');
    await waitFor(
      async () => {
        await other.clear({ everything: true });
        return one.stats().framesRejected > 0;
      },
      { what: 'a rejected frame' },
    );
    expect([tools.peek('tool'), one.coherence.state]).toEqual(['value', 'coherent']);
    await Promise.all([one.close(), other.close()]);
    await nats.stop();
  });
});
