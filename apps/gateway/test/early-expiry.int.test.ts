import type { RunningServer } from '@lockstep/testkit';
import { startNats, startRedis, waitFor } from '@lockstep/testkit';
import { ProtocolError } from '@modelcontextprotocol/client';
import { afterAll, beforeAll, expect, it } from 'vitest';
import type { GatewayNode } from '../src/wiring.ts';
import type { TestClient } from './harness.ts';
import { configText, connectClient, SECRET, startTestNode } from './harness.ts';
import { Origin } from './mcp-origin.ts';

let tier: RunningServer;
let bus: RunningServer;
let origins: readonly Origin[];
let nodes: readonly GatewayNode[];
let first: TestClient;
let second: TestClient;
let tools = ['old'];

beforeAll(async () => {
  [tier, bus] = await Promise.all([startRedis(), startNats()]);
  const behaviour = {
    page: () => ({ tools }),
    call: (name: string) => {
      if (!tools.includes(name)) throw new ProtocolError(-32602, `Unknown tool: ${name}`);
      return `called ${name}`;
    },
  };
  origins = await Promise.all(['direct', 'batch'].map(() => new Origin(behaviour).start()));
  const servers = origins.map((origin, index) => origin.entry(index === 0 ? 'direct' : 'batch'));
  const text = configText(servers, { tierUrl: tier.url, busUrl: bus.url, secret: SECRET });
  nodes = await Promise.all([startTestNode(text), startTestNode(text)]);
  [first, second] = (await Promise.all(nodes.map(({ url }) => connectClient(url)))) as [TestClient, TestClient];
});

afterAll(async () => {
  await Promise.all([first.close(), second.close()]);
  await Promise.all(nodes.map((node) => node.close()));
  await Promise.all([...origins.map((origin) => origin.stop()), tier.stop(), bus.stop()]);
});

/** As the node answers it: a client that calls `listTools` keeps the answer for as long as it may. */
const namesOn = async ({ client }: TestClient) =>
  (await client.request({ method: 'tools/list' })).tools
    .map(({ name }) => name)
    .filter((name) => !name.startsWith('enkrypt_'));
const onBoth = (names: readonly string[]) =>
  waitFor(
    async () => {
      const lists = await Promise.all([namesOn(first), namesOn(second)]);
      return lists.every((list) => JSON.stringify(list) === JSON.stringify(names));
    },
    { what: `${names.join(', ')} on both nodes` },
  );

it('asks a server again, for every node, that has not the tool that its list has', async () => {
  await onBoth(['direct__old', 'batch__old']);
  tools = ['new'];
  expect(await namesOn(second)).toEqual(['direct__old', 'batch__old']);
  await expect(first.client.callTool({ name: 'direct__old' })).rejects.toThrow('Unknown tool: old');
  await onBoth(['direct__new', 'batch__old']);
  const batch = { server_name: 'batch', tool_calls: [{ name: 'old' }] };
  expect(await first.call('enkrypt_secure_call_tools', batch)).toMatchObject({ results: [{ error_code: 'refused' }] });
  await onBoth(['direct__new', 'batch__new']);
});

it('tells a client that listens, on whichever node, so that it does not keep a list that has changed', async () => {
  const names = async () => (await second.client.listTools()).tools.map(({ name }) => name);
  let told = 0;
  second.client.setNotificationHandler('notifications/tools/list_changed', () => void told++);
  await second.client.listen({ toolsListChanged: true });
  tools = ['kept'];
  await first.call('enkrypt_clear_cache', { cache_type: 'tools' });
  await waitFor(async () => told > 0 && (await names()).includes('direct__kept'), {
    what: 'the list that was told of',
  });
  const before = told;
  tools = ['newest'];
  expect(await names()).toContain('direct__kept');
  await first.call('enkrypt_clear_cache', { cache_type: 'tools' });
  await waitFor(async () => told > before && (await names()).includes('direct__newest'), { what: 'the newest list' });
});
