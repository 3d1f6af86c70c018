import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GatewayNode } from '../src/wiring.ts';
import type { TestClient } from './harness.ts';
import { configText, connectClient, KEY, nodeStatus, npmServer, sources, startTestNode } from './harness.ts';

const STATIC = { server_name: 'listed', config: { command: 'never-started' }, tools: { ping: 'Answers' } };

let folder: string;
let node: GatewayNode;
let client: TestClient;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockstep-gateway-'));
  const memory = npmServer('memory');
  const env = { MEMORY_FILE_PATH: join(folder, 'memory.json') };
  const servers = [
    npmServer('everything', ['stdio']),
    npmServer('filesystem', [folder]),
    { ...memory, config: { ...memory.config, env } },
    STATIC,
  ];
  node = await startTestNode(configText(servers));
  client = await connectClient(node.url);
});

afterAll(async () => {
  await client.close();
  await node.close();
  await rm(folder, { recursive: true, force: true });
});

describe('one node in local mode, with three real MCP servers and one whose tools the file lists', () => {
  it('discovers each server once, then answers from its near-cache', async () => {
    const first = await client.call('enkrypt_discover_all_tools');
    expect(first).toMatchObject({ status: 'success', discovery_failed_servers: [], discovery_pending_servers: [] });
    expect(sources(first)).toEqual({ everything: 'origin', filesystem: 'origin', memory: 'origin', listed: 'config' });
    const second = await client.call('enkrypt_discover_all_tools');
    expect(sources(second)).toEqual({ everything: 'near', filesystem: 'near', memory: 'near', listed: 'config' });
    const { origin_discoveries_by_server: discoveries } = await nodeStatus(client);
    expect(discoveries).toEqual({ everything: 1, filesystem: 1, memory: 1, listed: 0 });
  });

  it('lists servers, without discovery too, and shows no argument and no value of a variable', async () => {
    const listed = await client.call('enkrypt_list_all_servers', { discover_tools: false });
    expect(listed).toMatchObject({ status: 'success', servers_needing_discovery: [] });
    expect(listed['available_servers']).toMatchObject({
      memory: { config: { kind: 'stdio', argumentCount: 1, env: { MEMORY_FILE_PATH: '(masked)' } } },
      listed: { tools: { ping: { name: 'ping', description: 'Answers' } }, source: 'config' },
    });
    const discovered = await client.call('enkrypt_list_all_servers');
    expect(discovered).toMatchObject({ status: 'success', discovery_failed_servers: [] });
    const info = await client.call('enkrypt_get_server_info', { server_name: 'memory' });
    expect(JSON.stringify([listed, discovered, info])).not.toContain(folder);
  });

  it("tells one server's tools, and that there is no server of another name", async () => {
    const info = await client.call('enkrypt_get_server_info', { server_name: 'memory' });
    expect(info).toMatchObject({ status: 'success', server_info: { tool_count: 9, tools_source: 'near' } });
    expect(await client.call('enkrypt_get_server_info', { server_name: 'nobody' })).toMatchObject({ status: 'error' });
    expect(await client.call('enkrypt_discover_all_tools', { server_name: 'nobody' })).toMatchObject({
      status: 'error',
    });
  });

  it('calls tools in order in one session, and tells failures beside successes', async () => {
    const created = { entities: [{ name: 'Ada', entityType: 'person', observations: ['writes programs'] }] };
    const answer = await client.call('enkrypt_secure_call_tools', {
      server_name: 'memory',
      tool_calls: [
        { name: 'create_entities', args: created },
        { name: 'no_such_tool', args: {} },
        { name: 'search_nodes', args: { query: 'Ada' } },
      ],
    });
    expect(answer).toMatchObject({
      status: 'success',
      summary: { total_calls: 3, successful_calls: 2, failed_calls: 1 },
      results: [
        { status: 'success', enkrypt_mcp_data: { call_index: 0, tool_name: 'create_entities' } },
        { status: 'error', error: expect.stringContaining('no_such_tool') },
        { status: 'success', response: expect.stringContaining('writes programs') },
      ],
    });
  });

  it('tells the tools where no call is asked for', async () => {
    const answer = await client.call('enkrypt_secure_call_tools', { server_name: 'everything', tool_calls: [] });
    expect(answer).toMatchObject({ status: 'success', tools: { echo: { name: 'echo' } } });
  });

  it.each([
    [{ cache_type: 'tools', server_name: 'memory' }, 1, { everything: 'near', filesystem: 'near', memory: 'origin' }],
    [{ cache_type: 'servers' }, 3, { everything: 'origin', filesystem: 'origin', memory: 'origin' }],
    [{ cache_type: 'gateway_cache' }, 1, { everything: 'near', filesystem: 'near', memory: 'near' }],
    [{}, 4, { everything: 'origin', filesystem: 'origin', memory: 'origin' }],
  ])('clears what it is asked to clear: %o', async (asked, cleared, expected) => {
    await client.call('enkrypt_discover_all_tools');
    expect(await client.call('enkrypt_clear_cache', asked)).toMatchObject({ status: 'success', cleared });
    const answer = await client.call('enkrypt_discover_all_tools');
    expect(sources(answer)).toEqual({ ...expected, listed: 'config' });
  });

  it.each([
    [{ cache_type: 'everything' }, /cache_type: got 'everything', takes one of: all, /],
    [{ server_name: 'nobody' }, /not available/],
    [{ id: 'another_gateway' }, /id: got 'another_gateway'/],
  ])('refuses a clear that names what is not there, and clears nothing: %o', async (asked, error) => {
    await client.call('enkrypt_discover_all_tools');
    expect(await client.call('enkrypt_clear_cache', asked)).toMatchObject({
      status: 'error',
      cleared: 0,
      error: expect.stringMatching(error),
    });
    expect(sources(await client.call('enkrypt_discover_all_tools'))).toMatchObject({ memory: 'near' });
  });

  it('takes its own id, and null for what is left out', async () => {
    const asked = { id: 'user-1_project-1_config-1', server_name: null, cache_type: 'ALL' };
    expect(await client.call('enkrypt_clear_cache', asked)).toMatchObject({ status: 'success', cache_type: 'all' });
  });

  it("tells the status of the caches by the description's names", async () => {
    await client.call('enkrypt_discover_all_tools');
    const { cache_status: status } = await client.call('enkrypt_get_cache_status');
    expect(status).toMatchObject({
      global: {
        cache_type: 'local',
        total_gateways: 1,
        total_tool_caches: 3,
        total_config_caches: 1,
        tool_cache_expiration_hours: 4,
        config_cache_expiration_hours: 24,
      },
      gateway_specific: {
        config: { exists: true },
        tools: {
          server_count: 4,
          servers: {
            memory: { tool_count: 9, exists: true, needs_discovery: false, are_tools_explicitly_defined: false },
            listed: { tool_count: 1, exists: false, needs_discovery: false, are_tools_explicitly_defined: true },
          },
        },
      },
      node: { coherence: 'coherent' },
    });
  });

  it('serves clients of the 2025 era, and the apikey header', async () => {
    const old = await connectClient(node.url, { mode: 'legacy', headers: { apikey: KEY } });
    expect(old.client.getProtocolEra()).toBe('legacy');
    expect(client.client.getProtocolEra()).toBe('modern');
    expect(await old.call('enkrypt_discover_all_tools', { server_name: 'memory' })).toMatchObject({ source: 'near' });
    await old.close();
  });

  it('says that it lives and is ready', async () => {
    const base = node.url.replace('/mcp', '');
    const [alive, ready] = await Promise.all([fetch(`${base}/healthz`), fetch(`${base}/readyz`)]);
    expect(await alive.json()).toMatchObject({ status: 'ok', node: node.nodeId });
    expect(await ready.json()).toMatchObject({ status: 'ready', mode: 'local', coherence: 'coherent' });
    expect((await fetch(`${base}/elsewhere`)).status).toBe(404);
  });
});
