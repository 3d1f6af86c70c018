import { afterAll, beforeAll, expect, it } from 'vitest';
import type { GatewayNode } from '../src/wiring.ts';
import { connectClient, npmServer, startTestNode } from './harness.ts';

const FIRST = 'key-of-the-first-user';
const SECOND = 'key-of-the-second-user';
const VIEWER = 'key-of-one-who-looks';

let node: GatewayNode;

beforeAll(async () => {
  const file = {
    lockstep: { port: 0 },
    mcp_configs: {
      'config-1': { mcp_config: [npmServer('everything', ['stdio']), npmServer('memory')] },
      'config-2': { mcp_config: [npmServer('memory')] },
    },
    projects: { 'project-1': { mcp_config_id: 'config-1' }, 'project-2': { mcp_config_id: 'config-2' } },
    users: { 'user-1': {}, 'user-2': {} },
    apikeys: {
      [FIRST]: { project_id: 'project-1', user_id: 'user-1' },
      [SECOND]: { project_id: 'project-2', user_id: 'user-2' },
      [VIEWER]: { project_id: 'project-1', user_id: 'user-1', role: 'viewer' },
    },
  };
  node = await startTestNode(JSON.stringify(file));
});

afterAll(async () => {
  await node.close();
});

const ask = (headers: Record<string, string>) =>
  fetch(node.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', ...headers },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} }),
  });

const withoutDate = (response: Response) =>
  Object.fromEntries([...response.headers].filter(([name]) => name !== 'date'));

it.each([
  ['no key', {}],
  ['a wrong bearer key', { authorization: 'Bearer wrong' }],
  ['a right key under the wrong scheme', { authorization: `Basic ${FIRST}` }],
  ['a wrong apikey', { apikey: 'wrong' }],
  ['a key of enormous length', { apikey: 'x'.repeat(5_000) }],
])('answers 401 to %s, each time alike, and never runs MCP', async (_, headers) => {
  const [response, other] = await Promise.all([ask(headers), ask({ authorization: 'Bearer another-wrong-one' })]);
  expect(response.status).toBe(401);
  expect(withoutDate(response)).toEqual(withoutDate(other));
  expect(response.headers.get('www-authenticate')).toContain('Bearer');
  expect(await response.text()).toBe(await other.text());
});

it('lets a right key in by either header', async () => {
  expect((await ask({ authorization: `Bearer ${FIRST}` })).status).toBe(200);
  expect((await ask({ authorization: `bearer  ${FIRST}` })).status).toBe(200);
  expect((await ask({ apikey: FIRST })).status).toBe(200);
});

it('shows a key its own servers only, and lets it call no other', async () => {
  const second = await connectClient(node.url, { headers: { apikey: SECOND } });
  const listed = await second.call('enkrypt_list_all_servers', { discover_tools: false });
  expect(Object.keys(listed['available_servers'] as object)).toEqual(['memory']);
  const call = { server_name: 'everything', tool_calls: [{ name: 'echo', args: { message: 'hello' } }] };
  expect(await second.call('enkrypt_secure_call_tools', call)).toMatchObject({ status: 'error' });
  await second.close();
});

it('refuses a page of another site, whose browser would send what its user can reach', async () => {
  expect((await ask({ apikey: FIRST, origin: 'https://evil.example' })).status).toBe(403);
  expect((await ask({ apikey: FIRST, origin: 'http://localhost:3000' })).status).toBe(200);
});

it('refuses a body beyond four mebibytes before it parses any of it', async () => {
  const response = await fetch(node.url, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept: 'application/json, text/event-stream', apikey: FIRST },
    body: `"${'x'.repeat(5 * 1024 * 1024)}"`,
  });
  expect(response.status).toBe(413);
});

it("a viewer's key shows the caches, and clears none", async () => {
  const viewer = await connectClient(node.url, { headers: { apikey: VIEWER } });
  const owner = await connectClient(node.url, { headers: { apikey: FIRST } });
  await owner.call('enkrypt_discover_all_tools');
  expect(await viewer.call('enkrypt_clear_cache')).toMatchObject({
    status: 'error',
    cleared: 0,
    error_code: 'forbidden',
    error: expect.stringContaining('viewer'),
  });
  const { cache_status: status } = await viewer.call('enkrypt_get_cache_status');
  const { gateway_specific: own } = status as { gateway_specific: { tools: { servers: Record<string, unknown> } } };
  expect(own.tools.servers['memory']).toMatchObject({ exists: true });
  expect(await owner.call('enkrypt_clear_cache')).toMatchObject({ status: 'success', cleared: 3 });
  await Promise.all([viewer.close(), owner.close()]);
});
