import type { RunningServer } from '@lockstep/testkit';
import { startNats, startRedis, waitFor } from '@lockstep/testkit';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { GatewayNode } from '../src/wiring.ts';
import type { TestClient } from './harness.ts';
import { configText, connectClient, KEY, nodeStatus, npmServer, SECRET, sources, startTestNode } from './harness.ts';
import { recordCommands } from './record-commands.ts';

const SERVERS = [npmServer('everything', ['stdio']), npmServer('memory')];
const BOTH_NEAR = { everything: 'near', memory: 'near' };

let tier: RunningServer;
let bus: RunningServer;
let nodes: readonly GatewayNode[];
let clients: readonly TestClient[];

beforeAll(async () => {
  [tier, bus] = await Promise.all([startRedis(), startNats()]);
  const text = configText(SERVERS, { tierUrl: tier.url, busUrl: bus.url, secret: SECRET, maxStalenessMs: 1_000 });
  nodes = await Promise.all([startTestNode(text), startTestNode(text), startTestNode(text)]);
  clients = await Promise.all(nodes.map(({ url }) => connectClient(url)));
});

afterAll(async () => {
  await Promise.all(clients.map((client) => client.close()));
  await Promise.all(nodes.map((node) => node.close()));
  await Promise.all([tier.stop(), bus.stop()]);
});

const clientOf = (index: number): TestClient => {
  const client = clients[index];
  if (client === undefined) throw new Error(`no client ${index}`);
  return client;
};

const discoverOnEach = () => Promise.all(clients.map((client) => client.call('enkrypt_discover_all_tools')));

/** A node's answer once none of it comes from its near-cache: the clear has arrived there. */
const notNear = (client: TestClient) =>
  waitFor(
    async () => {
      const answer = await client.call('enkrypt_discover_all_tools');
      return Object.values(sources(answer)).includes('near') ? undefined : answer;
    },
    { what: 'the clear on every node', timeoutMs: 5_000 },
  );

const discoveriesOf = async () => {
  const counts = await Promise.all(clients.map(nodeStatus));
  const sum = (server: string) =>
    counts.reduce((total, node) => total + (node.origin_discoveries_by_server[server] ?? 0), 0);
  return { everything: sum('everything'), memory: sum('memory') };
};

const ready = async (node: GatewayNode | undefined) => {
  const response = await fetch(String(node?.url).replace('/mcp', '/readyz'));
  return {
    code: response.status,
    ...((await response.json()) as { status: string; coherence: string; reason?: string }),
  };
};

const allReady = () =>
  waitFor(async () => (await Promise.all(nodes.map(ready))).every(({ status }) => status === 'ready'), {
    what: 'three coherent nodes',
  });

describe('three nodes on one tier and one bus', () => {
  it('discover each server once, all together, though all are asked at once', async () => {
    const answers = await discoverOnEach();
    for (const answer of answers) expect(answer).toMatchObject({ status: 'success', discovery_failed_servers: [] });
    expect(await discoveriesOf()).toEqual({ everything: 1, memory: 1 });
  });

  it('answer the second question from their near-caches', async () => {
    await discoverOnEach();
    for (const answer of await discoverOnEach()) expect(sources(answer)).toEqual(BOTH_NEAR);
  });

  it('all rediscover, once, after a clear on one of them', async () => {
    await discoverOnEach();
    const before = await discoveriesOf();
    expect(await clientOf(0).call('enkrypt_clear_cache')).toMatchObject({ status: 'success', cleared: 3 });
    for (const answer of await Promise.all(clients.map(notNear))) {
      expect(answer).toMatchObject({ discovery_failed_servers: [] });
    }
    expect(await discoveriesOf()).toEqual({ everything: before.everything + 1, memory: before.memory + 1 });
  });

  it('answer a fenced clear only when no node can serve the older lists, and the answer accounts for each of them', async () => {
    await discoverOnEach();
    const asked = { cache_type: 'tools', server_name: 'memory', wait: 'fenced' };
    const answer = await clientOf(0).call('enkrypt_clear_cache', asked);
    expect(answer).toMatchObject({
      status: 'success',
      fence: { by: expect.stringMatching(/^(acknowledgements|time)$/) },
    });
    const others = nodes.slice(1).map(({ nodeId }) => [nodeId, 'acknowledged']);
    expect((answer['fence'] as { members: unknown }).members).toEqual(Object.fromEntries(others));
    for (const next of await discoverOnEach()) expect(sources(next)['memory']).not.toBe('near');
    expect(await clientOf(0).call('enkrypt_clear_cache')).not.toHaveProperty('fence');
  });

  it('count what the tier holds, and tell of its server', async () => {
    await discoverOnEach();
    const { cache_status: status } = await clientOf(1).call('enkrypt_get_cache_status');
    expect(status).toMatchObject({
      global: {
        cache_type: 'external',
        total_gateways: 1,
        total_tool_caches: 2,
        total_config_caches: 1,
        redis_info: { redis_version: expect.stringMatching(/^\d+\./), total_keys: expect.any(Number) },
      },
      node: { coherence: 'coherent' },
    });
  });

  it('give the tier nothing that names a gateway, a key, a user or a server, in no key and in no value', async () => {
    const recording = await recordCommands(tier);
    await clientOf(0).call('enkrypt_clear_cache');
    await discoverOnEach();
    const written = ['{lockstep', 'tools', 'gateway-config', 'gateway-key'];
    await waitFor(() => written.every((part) => recording.text().includes(part)), { what: 'all caches on their way' });
    recording.stop();
    const named = [KEY, 'config-1', 'project-1', 'user-1', 'one@example.com', process.execPath, SECRET];
    for (const identifier of [...named, 'create_entities']) {
      expect(recording.text(), identifier).not.toContain(identifier);
    }
  });

  it('go on answering from their near-caches without the bus, and a clear still reaches all within Δ', async () => {
    await discoverOnEach();
    await bus.kill();
    for (const answer of await discoverOnEach()) expect(sources(answer)).toEqual(BOTH_NEAR);
    expect(await clientOf(2).call('enkrypt_clear_cache', { server_name: 'memory', cache_type: 'tools' })).toMatchObject(
      {
        status: 'success',
      },
    );
    await waitFor(async () => sources(await clientOf(0).call('enkrypt_discover_all_tools'))['memory'] !== 'near', {
      what: 'the clear on another node',
      timeoutMs: 2_000,
    });
    await bus.restart();
    await allReady();
  });

  it('go on answering without the tier, say that they are degraded, cannot vouch for a clear, and recover by themselves', async () => {
    await discoverOnEach();
    await tier.kill();
    const degraded = await waitFor(
      async () => {
        const states = await Promise.all(nodes.map(ready));
        return states.every(({ status }) => status === 'degraded') ? states : undefined;
      },
      { what: 'three degraded nodes' },
    );
    for (const state of degraded) expect(state).toMatchObject({ code: 200, reason: expect.any(String) });
    for (const answer of await discoverOnEach()) {
      expect(answer).toMatchObject({
        discovery_failed_servers: [],
        available_servers: { everything: { status: 'success', degraded: true }, memory: { degraded: true } },
      });
    }
    expect(await clientOf(0).call('enkrypt_clear_cache')).toMatchObject({
      status: 'error',
      cleared: null,
      unknown: ['tools', 'gateway-config', 'gateway-key'],
    });
    const { cache_status: status } = await clientOf(0).call('enkrypt_get_cache_status');
    expect(status).toMatchObject({ global: { total_tool_caches: null, redis_info: null } });
    await tier.restart();
    await allReady();
    for (const answer of await discoverOnEach()) expect(answer).toMatchObject({ discovery_failed_servers: [] });
    for (const answer of await discoverOnEach()) expect(sources(answer)).toEqual(BOTH_NEAR);
  });
});
