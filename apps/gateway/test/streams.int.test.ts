import { waitFor } from '@lockstep/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { GatewayNode } from '../src/wiring.ts';
import type { TestClient } from './harness.ts';
import { configText, connectClient, startTestNode } from './harness.ts';
import { Origin } from './mcp-origin.ts';

const STREAMS_MAX = 64;
const OTHER_KEY = 'the-key-of-another-gateway-of-these-tests';
const TOOLS = { toolsListChanged: true };

let origin: Origin;
let node: GatewayNode;
let client: TestClient;
let release: () => void;
let calls: number;

beforeEach(async () => {
  calls = 0;
  const { promise: released, resolve } = Promise.withResolvers<void>();
  release = resolve;
  const call = async (): Promise<string> => {
    calls++;
    await released;
    return 'whole';
  };
  origin = await new Origin({ call }).start();
  const document = JSON.parse(configText([origin.entry('one')]));
  document.users['user-2'] = { email: 'two@example.com' };
  document.apikeys[OTHER_KEY] = { project_id: 'project-1', user_id: 'user-2' };
  node = await startTestNode(JSON.stringify(document));
  client = await connectClient(node.url);
});

afterEach(async () => {
  await client.close();
  await node.close();
  await origin.stop();
});

it('one gateway has so many streams open at once; others have theirs, and one that ends makes room', async () => {
  const open = await Promise.all(Array.from({ length: STREAMS_MAX }, () => client.client.listen(TOOLS)));
  await expect(client.client.listen(TOOLS)).rejects.toThrow('Subscription limit reached');
  const other = await connectClient(node.url, { headers: { authorization: `Bearer ${OTHER_KEY}` } });
  await other.client.listen(TOOLS);
  await open[0]?.close();
  await waitFor(
    () =>
      client.client.listen(TOOLS).then(
        () => true,
        () => false,
      ),
    { what: 'a place that was given back' },
  );
  await other.close();
});

it('a stream hears of a clear, also where another gateway makes it', async () => {
  const other = await connectClient(node.url, { headers: { authorization: `Bearer ${OTHER_KEY}` } });
  let heard = 0;
  client.client.setNotificationHandler('notifications/tools/list_changed', () => {
    heard++;
  });
  await client.client.listen(TOOLS);
  await other.client.listen(TOOLS);
  await other.call('enkrypt_clear_cache');
  await waitFor(() => heard > 0, { what: 'the news' });
  await other.close();
});

it('a node that drains ends streams as their clients expect it, and lets calls go on', async () => {
  const stream = await client.client.listen(TOOLS);
  const call = client.client.callTool({ name: 'one__echo', arguments: {} });
  await waitFor(() => calls === 1, { what: 'the call to be under way' });
  const drained = node.drain();
  expect(await stream.closed).toBe('graceful');
  release();
  expect(await call).toMatchObject({ content: [{ text: 'whole' }] });
  await drained;
});
