import { RecordingLogger, waitFor } from '@lockstep/testkit';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { TestCluster, TestNode } from './cluster.ts';
import { startCluster, warm } from './cluster.ts';

const DELTA_MS = 200;

describe('the auditor', () => {
  let cluster: TestCluster;
  let redis: Redis;
  let a: TestNode;
  let logger: RecordingLogger;

  beforeEach(async () => {
    logger = new RecordingLogger();
    cluster = await startCluster({
      nodes: 1,
      node: { maxStaleness: DELTA_MS, logger, audit: { every: 20, entries: 32 } },
      tools: { grace: 60_000 },
    });
    [a] = cluster.nodes as [TestNode];
    redis = new Redis(cluster.redis.url);
  });

  afterEach(async () => {
    redis.disconnect();
    await cluster[Symbol.asyncDispose]();
  });

  const violations = (node: TestNode): number => node.lockstep.stats().coherenceViolations;

  /** Writes a key, and answers where its entry is in the tier. */
  async function write(
    key: string,
  ): Promise<{ readonly entry: string; readonly keyId: string; readonly sequence: number }> {
    const { target, partition, sequence } = await a.tools.set(key, 'here');
    const { keyId } = target as { readonly keyId: string };
    return { entry: `lockstep:{test:${partition}}:entry:${keyId}`, keyId, sequence };
  }

  test.each([
    [
      'another value, with the version of a later event',
      (header: string) =>
        header.replace(/^f (\d+)/, (_, n) => `f ${Number(n) + 1}`).replace(/[0-9a-f]{32}/, '0'.repeat(32)),
    ],
    ['the same value, flagged expired', (header: string) => header.replace(/^f/, 'x')],
  ])('counts, logs and drops what the tier changed behind the protocol: %s (P1)', async (_, change) => {
    const { entry, keyId } = await write('tool');
    expect(a.tools.peek('tool')).toBe('here');
    const [header = '', body = ''] = ((await redis.get(entry)) ?? '').split('\n');
    await redis.set(entry, `${change(header)}\n${body}`, 'KEEPTTL');
    const sinceMs = performance.now();
    await waitFor(() => violations(a) === 1, { what: 'the violation' });
    expect(performance.now() - sinceMs).toBeGreaterThan(DELTA_MS);
    expect(a.tools.peek('tool')).toBeUndefined();
    const told = logger.entries.filter(({ level }) => level === 'error');
    expect(told).toMatchObject([{ fields: { namespace: 'tools', keyId, versionHere: expect.any(String) } }]);
    expect(JSON.stringify(told)).not.toMatch(/"tool"|here"/);
  });

  test.each(['clear', 'expire'])(
    'counts a scope whose epoch of a %s was raised without an event (P1)',
    async (verb) => {
      await write('tool');
      await redis.hset('lockstep:{test:ctl}:control', `epoch:${verb}-scope:${'0'.repeat(32)}`, '9007199254740000');
      await waitFor(() => violations(a) === 1, { what: 'the violation' });
      expect(a.tools.peek('tool')).toBeUndefined();
    },
  );

  test('counts an event of the key that is in the log, and that the node never came to know of (P1)', async () => {
    const { entry, sequence } = await write('tool');
    const log = entry.replace(/entry:.*/, 'log');
    const [[, record = []] = []] = await redis.xrangeBuffer(log, `${sequence}-0`, '+', 'COUNT', 1);
    await redis.del(entry);
    // Beyond the head, where no heartbeat looks.
    await redis.xadd(log, `${sequence + 1}-0`, 'p', String(sequence), 'e', record[3] as Buffer);
    await waitFor(() => violations(a) === 1, { what: 'the violation' });
  });

  test('an evicted entry is no violation', async () => {
    const { entry } = await write('tool');
    await redis.del(entry);
    const audited = a.lockstep.stats().audited;
    await waitFor(() => a.lockstep.stats().audited > audited + 20, { what: 'twenty looks' });
    expect([violations(a), a.tools.peek('tool')]).toEqual([0, 'here']);
  });

  test('off, it looks at nothing', async () => {
    const without = await startCluster({ nodes: 1, node: { maxStaleness: 100, audit: false } });
    const [node] = without.nodes as [TestNode];
    await warm(node, 'tool', 'value');
    const { heartbeats } = node.lockstep.stats();
    await waitFor(() => node.lockstep.stats().heartbeats > heartbeats + 10, { what: 'ten heartbeats' });
    expect(node.lockstep.stats().audited).toBe(0);
    await without[Symbol.asyncDispose]();
  });
});

test('under clears, expires, renewals, evictions, scope clears and ends of life nothing is counted (P1)', async () => {
  await using cluster = await startCluster({
    nodes: 3,
    node: { maxStaleness: 100, audit: { every: 10, entries: 64 } },
    tools: { grace: 5_000, ttl: 700 },
  });
  const redis = new Redis(cluster.redis.url);
  const audited = (): number => cluster.nodes.reduce((sum, { lockstep }) => sum + lockstep.stats().audited, 0);
  const traffic = async (node: TestNode, seed: number): Promise<void> => {
    for (let round = seed; audited() < 20_000; round += 7) {
      const key = `tool-${round % 12}`;
      const tags = [`tag-${round % 3}`];
      if (round % 29 === 0) await node.lockstep.clear({ tag: `tag-${round % 3}` });
      else if (round % 23 === 0) await node.lockstep.expire({ tag: `tag-${round % 3}` });
      else if (round % 11 === 0) await node.tools.clear(key);
      else if (round % 13 === 0) await node.tools.expire(key);
      else if (round % 17 === 0) await node.tools.set(key, `value ${round}`, { tags });
      else if (round % 101 === 0) await redis.del(...(await redis.keys('*entry*')), 'none');
      else for (let get = 0; get < 20; get++) await node.tools.getOrLoad(key, () => `load ${round % 2}`, { tags });
    }
  };
  await Promise.all(cluster.nodes.map((node, index) => traffic(node, index + 1)));
  const counted = cluster.nodes.map(({ lockstep }) => lockstep.stats().coherenceViolations);
  expect(counted).toEqual([0, 0, 0]);
  redis.disconnect();
}, 60_000);
