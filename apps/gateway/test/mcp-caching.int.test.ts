import type { RunningServer } from '@lockstep/testkit';
import { startNats, startRedis, waitFor } from '@lockstep/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { GatewayNode } from '../src/wiring.ts';
import type { TestClient } from './harness.ts';
import { connectClient, SECRET, scriptServer, startTestNode } from './harness.ts';
import { Origin } from './mcp-origin.ts';

const ADA = 'the-gateway-key-of-ada';
const EVE = 'the-gateway-key-of-eve';

/** A server of 2025 on stdio, which speaks of no time and no scope; its tool `grow` gives it one more, and says so. */
const GROWING = `
  import { createInterface } from 'node:readline';
  const tools = ['grow'];
  const send = (message) => process.stdout.write(JSON.stringify({ jsonrpc: '2.0', ...message }) + '\\n');
  const answers = {
    initialize: ({ protocolVersion }) => ({
      protocolVersion, capabilities: { tools: { listChanged: true } }, serverInfo: { name: 'growing', version: '1' },
    }),
    'tools/list': () => ({ tools: tools.map((name) => ({ name, inputSchema: { type: 'object' } })) }),
    'tools/call': () => {
      tools.push('grown');
      setImmediate(() => send({ method: 'notifications/tools/list_changed' }));
      return { content: [{ type: 'text', text: 'grown' }] };
    },
  };
  createInterface({ input: process.stdin }).on('line', (line) => {
    const { id, method, params } = JSON.parse(line);
    if (id !== undefined) send({ id, result: answers[method]?.(params) ?? {} });
  });
`;

let tier: RunningServer;
let bus: RunningServer;

beforeAll(async () => {
  [tier, bus] = await Promise.all([startRedis(), startNats()]);
});

afterAll(async () => {
  await Promise.all([tier.stop(), bus.stop()]);
});

/** One MCP configuration, that two users' gateways have. */
function fileOf(server: object, cluster: string): string {
  return JSON.stringify({
    lockstep: { port: 0, logLevel: 'silent', tierUrl: tier.url, busUrl: bus.url, secret: SECRET, cluster },
    mcp_configs: { 'config-1': { mcp_config: [server] } },
    projects: { 'project-1': { mcp_config_id: 'config-1' } },
    users: { ada: {}, eve: {} },
    apikeys: {
      [ADA]: { project_id: 'project-1', user_id: 'ada' },
      [EVE]: { project_id: 'project-1', user_id: 'eve' },
    },
  });
}

const listOf = async (client: TestClient, server: string) =>
  Object.keys((await client.call('enkrypt_discover_all_tools', { server_name: server }))['tools'] as object);

describe('the list of a server of 2026 on two nodes of the gateway', () => {
  let origin: Origin;
  let nodes: readonly GatewayNode[];
  let clients: readonly TestClient[];

  beforeEach(async () => {
    origin = await new Origin().start();
  });

  afterEach(async () => {
    await Promise.all(clients.map((client) => client.close()));
    await Promise.all(nodes.map((node) => node.close()));
    await origin.stop();
  });

  /** Ada asks on the first node and on the second, Eve on the first and on the second; answers how often the server was asked. */
  async function asked(entry: Readonly<Record<string, unknown>>, cluster: string): Promise<number> {
    const text = fileOf({ ...origin.entry('remote'), ...entry }, cluster);
    nodes = await Promise.all([startTestNode(text), startTestNode(text)]);
    const ofKey = (key: string) => nodes.map(({ url }) => connectClient(url, { headers: { apikey: key } }));
    clients = await Promise.all([ADA, EVE].flatMap(ofKey));
    for (const client of clients) expect(await listOf(client, 'remote')).toEqual(['echo']);
    return origin.pagesAsked;
  }

  it('private: is asked for once for each gateway, and shared by the nodes', async () => {
    origin.behaviour.hint = { ttlMs: 3_600_000, cacheScope: 'private' };
    expect(await asked({}, 'private')).toBe(2);
  });

  it('public: is private all the same where the configuration does not trust the server', async () => {
    origin.behaviour.hint = { ttlMs: 3_600_000, cacheScope: 'public' };
    expect(await asked({}, 'untrusted')).toBe(2);
  });

  it('public, and trusted: is asked for once for all gateways', async () => {
    origin.behaviour.hint = { ttlMs: 3_600_000, cacheScope: 'public' };
    expect(await asked({ trust_cache_scope: true }, 'trusted')).toBe(1);
  });

  it('with ttlMs 0: is asked for each time', async () => {
    origin.behaviour.hint = { ttlMs: 0, cacheScope: 'private' };
    expect(await asked({}, 'fleeting')).toBe(4);
  });

  it('of two pages: is fresh no longer than the page whose time is over first, though it is the second', async () => {
    origin.behaviour.page = (cursor) =>
      cursor === undefined ? { tools: ['echo'], nextCursor: 'more' } : { tools: [], ttlMs: 0 };
    expect(await asked({}, 'pages')).toBe(8);
  });
});

it('a change that a server of 2025 tells one node of is on the other one a moment later', async () => {
  const text = fileOf(scriptServer('growing', GROWING), 'growing');
  const nodes = await Promise.all([startTestNode(text), startTestNode(text)]);
  const clients = await Promise.all(nodes.map(({ url }) => connectClient(url, { headers: { apikey: ADA } })));
  const [first, second] = clients as [TestClient, TestClient];
  expect(await listOf(first, 'growing')).toEqual(['grow']);
  expect(await listOf(second, 'growing')).toEqual(['grow']);
  const call = { server_name: 'growing', tool_calls: [{ name: 'grow', args: {} }] };
  expect(await first.call('enkrypt_secure_call_tools', call)).toMatchObject({ status: 'success' });
  const near = () => second.call('enkrypt_get_server_info', { server_name: 'growing' });
  await waitFor(async () => ((await near())['server_info'] as { needs_discovery: boolean }).needs_discovery, {
    what: 'the clear there',
  });
  expect(await listOf(first, 'growing')).toEqual(['grow', 'grown']);
  expect(await listOf(second, 'growing')).toEqual(['grow', 'grown']);
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all(nodes.map((node) => node.close()));
});
