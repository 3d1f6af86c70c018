import type { RunningServer } from '@lockstep/testkit';
import { startNats, startRedis, waitFor } from '@lockstep/testkit';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { GatewayNode } from '../src/wiring.ts';
import type { TestClient } from './harness.ts';
import { configText, connectClient, nodeStatus, npmServer, SECRET, startTestNode } from './harness.ts';
import { Origin } from './mcp-origin.ts';

let tier: RunningServer;
let bus: RunningServer;
let changing: Origin;
let nodes: readonly GatewayNode[];
let first: TestClient;
let second: TestClient;
let names = ['before'];

beforeAll(async () => {
  [tier, bus] = await Promise.all([startRedis(), startNats()]);
  changing = await new Origin({ page: () => ({ tools: names }) }).start();
  const servers = [changing.entry('changing'), npmServer('everything', ['stdio'])];
  const text = configText(servers, { tierUrl: tier.url, busUrl: bus.url, secret: SECRET });
  nodes = await Promise.all([startTestNode(text), startTestNode(text)]);
  [first, second] = (await Promise.all(nodes.map(({ url }) => connectClient(url)))) as [TestClient, TestClient];
});

afterAll(async () => {
  await Promise.all([first.close(), second.close()]);
  await Promise.all(nodes.map((node) => node.close()));
  await Promise.all([changing.stop(), tier.stop(), bus.stop()]);
});

const discover = (client: TestClient, server: string) =>
  client.call('enkrypt_discover_all_tools', { server_name: server });
const toolsOn = async (client: TestClient) => Object.keys((await discover(client, 'changing'))['tools'] as object);

it('clears the list of a server that says it has changed, on every node', async () => {
  expect(await toolsOn(first)).toEqual(['before']);
  expect(await toolsOn(second)).toEqual(['before']);
  expect(await discover(second, 'changing')).toMatchObject({ source: 'near' });
  names = ['before', 'after'];
  await waitFor(
    async () => {
      // The stream on which the server speaks of changes opens a moment after the connection.
      changing.toolsChanged();
      return (await toolsOn(second)).length === 2;
    },
    { what: 'the changed list on the other node' },
  );
  expect(await toolsOn(first)).toEqual(['before', 'after']);
});

it('clears nothing for a server that says so at the start of each session, and has the same tools', async () => {
  await Promise.all([discover(first, 'everything'), discover(second, 'everything')]);
  const heard = Math.max(
    ...(await Promise.all([nodeStatus(first), nodeStatus(second)])).map((node) => node.server_changes_heard),
  );
  const call = { server_name: 'everything', tool_calls: [{ name: 'echo', args: { message: 'hello' } }] };
  await Promise.all([first.call('enkrypt_secure_call_tools', call), second.call('enkrypt_secure_call_tools', call)]);
  const statuses = async () => Promise.all([nodeStatus(first), nodeStatus(second)]);
  // Each node has its own process of the server by now, and the one that only called a tool has heard of a change.
  await waitFor(async () => (await statuses()).some((node) => node.server_changes_heard > heard), {
    what: 'a change that is none',
  });
  await Promise.all([discover(first, 'everything'), discover(second, 'everything')]);
  const discoveries = (await statuses()).reduce(
    (sum, node) => sum + (node.origin_discoveries_by_server['everything'] ?? 0),
    0,
  );
  expect(discoveries).toBe(1);
});
