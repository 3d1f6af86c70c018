import { startRedis } from '@lockstep/testkit';
import { expect, it } from 'vitest';
import { configText, connectClient, npmServer, SECRET, startTestNode } from './harness.ts';

it('a node that is told to wait for replicas says of each cleared part how many have it', async () => {
  const tier = await startRedis();
  const settings = { tierUrl: tier.url, secret: SECRET, durabilityReplicas: 1, durabilityTimeoutMs: 50 };
  const node = await startTestNode(configText([npmServer('memory')], settings));
  const client = await connectClient(node.url);
  const answer = await client.call('enkrypt_clear_cache');
  const events = answer['events'] as readonly { readonly replicas?: unknown }[];
  expect(answer.status).toBe('success');
  expect(events.length).toBeGreaterThan(0);
  for (const { replicas } of events) expect(replicas).toEqual({ acknowledged: 0, wanted: 1 });
  await client.close();
  await node.close();
  await tier.stop();
});
