import { RecordingLogger, waitFor } from '@lockstep/testkit';
import { Redis } from 'ioredis';
import { describe, expect, onTestFinished, test } from 'vitest';
import type { TestNode } from './cluster.ts';
import { startCluster } from './cluster.ts';

test('a tier too far away for Δ: the node warns once what would be enough, and says so when it is degraded (P8)', async () => {
  const logger = new RecordingLogger();
  await using cluster = await startCluster({ nodes: 1, node: { maxStaleness: 100, logger } });
  const [node] = cluster.nodes as [TestNode];
  // Each heartbeat is two round trips of 60 ms.
  node.proxy.delay(30);
  const slow =
    /^heartbeats take 1\d\d ms and go out every 25 ms: maxStaleness 100 cannot be kept; raise it to at least \d{3}/;
  const degraded = (): boolean => slow.test(node.lockstep.coherence.reason ?? '');
  await waitFor(degraded, { what: 'the reason' });
  const warnings = (): number => logger.entries.filter(({ message }) => slow.test(message)).length;
  const { heartbeats } = node.lockstep.stats();
  await waitFor(() => node.lockstep.stats().heartbeats > heartbeats + 5, { what: 'five heartbeats' });
  expect(warnings()).toBe(1);
  node.proxy.delay(0);
  await waitFor(() => node.lockstep.coherence.state === 'coherent', { what: 'coherence' });
});

describe('a lookup with tierTimeout', () => {
  const TIMEOUT_MS = 100;

  /** A node whose way to the tier can be stalled, and a key that the tier has and the node does not. */
  async function scene() {
    const cluster = await startCluster({ node: { maxStaleness: 10_000, deltaMax: 10_000 } });
    onTestFinished(() => cluster[Symbol.asyncDispose]());
    const [node, other] = cluster.nodes as [TestNode, TestNode];
    const hasty = node.lockstep.namespace<string>('hasty', { tierTimeout: TIMEOUT_MS });
    const patient = node.lockstep.namespace<string>('patient');
    await other.lockstep.namespace<string>('hasty').set('key', 'in the tier');
    return { cluster, node, hasty, patient };
  }

  test('waits for the tier no longer, and loads without it; what it loads is kept by its node alone', async () => {
    const { node, hasty } = await scene();
    node.proxy.stall();
    const startedMs = performance.now();
    expect(await hasty.lookup('key', () => 'loaded')).toMatchObject({ value: 'loaded', source: 'origin' });
    expect(await hasty.get('nothing')).toBeUndefined();
    const tookMs = performance.now() - startedMs;
    expect(tookMs).toBeGreaterThan(2 * TIMEOUT_MS * 0.9);
    // Far less than a call of the tier may take.
    expect(tookMs).toBeLessThan(1_000);
    node.proxy.restore();
    expect(hasty.peek('key')).toBe('loaded');
  });

  test('that many in a row have waited for in vain is not waited for, until a heartbeat is answered', async () => {
    const { node, hasty, patient } = await scene();
    node.proxy.stall();
    await Promise.all(Array.from({ length: 10 }, (_, index) => hasty.lookup(`key-${index}`, () => 'loaded')));
    const startedMs = performance.now();
    for (let index = 0; index < 20; index++) await patient.lookup(`key-${index}`, () => 'loaded');
    expect(performance.now() - startedMs).toBeLessThan(TIMEOUT_MS);
    node.proxy.restore();
    await waitFor(async () => (await hasty.get('key')) === 'in the tier', { what: 'the tier to be asked again' });
  });

  test('gives back the lease that it was granted too late', async () => {
    const { cluster, node, hasty } = await scene();
    // The first read is answered in time, and the second one, which asks for the lease, is not.
    node.proxy.delay(TIMEOUT_MS * 0.3);
    expect(await hasty.lookup('cold', () => 'loaded')).toMatchObject({ value: 'loaded', version: '' });
    node.proxy.delay(0);
    const redis = new Redis(cluster.redis.url);
    const leases = async (): Promise<number> => {
      const hashes = await redis.keys('lockstep:*:leases');
      return (await Promise.all(hashes.map((hash) => redis.hlen(hash)))).reduce((sum, held) => sum + held, 0);
    };
    await waitFor(async () => (await leases()) === 0, { what: 'the lease to be given back' });
    redis.disconnect();
  });
});
