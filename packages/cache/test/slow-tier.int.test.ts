import { RecordingLogger, waitFor } from '@lockstep/testkit';
import { expect, test } from 'vitest';
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
