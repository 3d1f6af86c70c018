import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { RunningServer } from '@lockstep/testkit';
import { startNats, startRedis, waitFor } from '@lockstep/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { GatewayNode } from '../src/wiring.ts';
import type { ServerEntry, TestClient } from './harness.ts';
import { connectClient, nodeStatus, SECRET, sources, startFollowingNode } from './harness.ts';
import { Origin } from './mcp-origin.ts';

const ADA = 'the-gateway-key-of-ada';
const EVE = 'the-gateway-key-of-eve';

let tier: RunningServer;
let bus: RunningServer;
let folder: string;

/** A file: who has which key, and the servers of the one configuration. */
interface Said {
  readonly keys?: readonly string[];
  readonly servers?: readonly ServerEntry[];
  readonly projectName?: string;
}

/** A node that follows a file of its own. */
interface Followed {
  readonly node: GatewayNode;
  /** Says something else in its file, and has it looked at. */
  says(said: Said): Promise<string>;
  /** What a key comes to there. */
  status(key: string): Promise<number>;
  client(key?: string): Promise<TestClient>;
}

const opened: (() => Promise<unknown>)[] = [];
const origins: Origin[] = [];
let steady: Origin;
let changing: Origin;
let first: Followed;
let second: Followed;

beforeAll(async () => {
  [tier, bus] = await Promise.all([startRedis(), startNats()]);
  folder = await mkdtemp(join(tmpdir(), 'lockstep-reload-'));
  await startOrigins();
  [first, second] = await Promise.all([followed('first'), followed('second')]);
});

afterAll(async () => {
  await Promise.all([first, second].map(({ node }) => node.close()));
  await Promise.all(origins.map((origin) => origin.stop()));
  await Promise.all([tier.stop(), bus.stop()]);
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  await startOrigins();
  await Promise.all([first.says({}), second.says({})]);
});

afterEach(async () => {
  for (const close of opened.splice(0).reverse()) await close();
});

/** Other servers than those of the test before: nothing of them is in any cache. */
async function startOrigins(): Promise<void> {
  const hint = { ttlMs: 3_600_000, cacheScope: 'private' } as const;
  [steady, changing] = await Promise.all([new Origin({ hint }).start(), new Origin({ hint }).start()]);
  origins.push(steady, changing);
}

const servers = (changed: object = {}): readonly ServerEntry[] => {
  const entry = changing.entry('changing');
  return [steady.entry('steady'), { ...entry, config: { ...entry.config, ...changed } }];
};

function textOf({ keys = [ADA, EVE], servers: said = servers(), projectName = 'first' }: Said): string {
  const lockstep = { port: 0, preloadTimeoutMs: 0, maxStalenessMs: 500, toolList: 'own' };
  const users = Object.fromEntries(keys.map((key) => [`user of ${key}`, {}]));
  return JSON.stringify({
    lockstep: { ...lockstep, tierUrl: tier.url, busUrl: bus.url, secret: SECRET },
    mcp_configs: { 'config-1': { mcp_config: said } },
    projects: { 'project-1': { project_name: projectName, mcp_config_id: 'config-1' } },
    users,
    apikeys: Object.fromEntries(keys.map((key) => [key, { project_id: 'project-1', user_id: `user of ${key}` }])),
  });
}

async function followed(name: string): Promise<Followed> {
  const file = join(folder, `${name}.json`);
  await writeFile(file, textOf({}));
  const node = await startFollowingNode(file);
  return {
    node,
    says: async (said) => {
      await writeFile(file, textOf(said));
      const reload = await node.reload();
      // The node watches its file, too, and may have been there first.
      return reload === 'unchanged' ? 'applied' : reload;
    },
    status: async (apikey) => {
      const headers = { 'content-type': 'application/json', accept: 'application/json, text/event-stream', apikey };
      const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list', params: {} });
      const response = await fetch(node.url, { method: 'POST', headers, body });
      await response.body?.cancel();
      return response.status;
    },
    client: async (apikey = ADA) => {
      const client = await connectClient(node.url, { headers: { apikey } });
      opened.push(() => client.close());
      return client;
    },
  };
}

const discover = (client: TestClient) => client.call('enkrypt_discover_all_tools');

describe('two nodes, each with a file of its own', () => {
  it('keep every hit of what did not change, and discover nothing anew', async () => {
    const clients = await Promise.all([first.client(), second.client()]);
    for (const client of clients) await discover(client);
    const before = await Promise.all(clients.map(nodeStatus));
    const asked = [steady.pagesAsked, changing.pagesAsked];
    for (const node of [first, second]) {
      expect(await node.says({ keys: [ADA, EVE, 'the-gateway-key-of-someone-new'] })).toBe('applied');
      expect(await node.status('the-gateway-key-of-someone-new')).toBe(200);
    }
    expect(await first.says({ keys: [ADA, EVE] })).toBe('applied');
    for (const client of clients) expect(sources(await discover(client))).toEqual({ steady: 'near', changing: 'near' });
    expect([steady.pagesAsked, changing.pagesAsked]).toEqual(asked);
    const after = await Promise.all(clients.map(nodeStatus));
    // Only the new gateway and its key were loaded, by the node that was asked first.
    const loads = (of: readonly (typeof after)[number][], what: 'gateway-config' | 'gateway-key') =>
      of.reduce((sum, { near }) => sum + near[what].loads, 0);
    expect(loads(after, 'gateway-config') - loads(before, 'gateway-config')).toBe(1);
    expect(loads(after, 'gateway-key') - loads(before, 'gateway-key')).toBe(1);
  });

  it('discover a changed server anew, once together, and no other; its old connection is ended, the others stay', async () => {
    const clients = await Promise.all([first.client(), second.client()]);
    for (const client of clients) await discover(client);
    const [steadyAsked, changingAsked] = [steady.pagesAsked, changing.pagesAsked];
    const changed = { servers: servers({ headers: { 'x-other': 'credentials' } }) };
    for (const node of [first, second]) expect(await node.says(changed)).toBe('applied');
    await Promise.all(clients.map(discover));
    await second.says({ ...changed, projectName: 'renamed' });
    for (const client of clients) expect(sources(await discover(client))).toEqual({ steady: 'near', changing: 'near' });
    expect(steady.pagesAsked).toBe(steadyAsked);
    expect(changing.pagesAsked).toBe(changingAsked + 1);
    await waitFor(
      async () => {
        const statuses = await Promise.all(clients.map(nodeStatus));
        return statuses.reduce((sum, { server_connections: count }) => sum + count, 0) === 2;
      },
      { what: 'the old connection to be ended' },
    );
  });

  it('refuse a key that one of them has revoked, both, though the file of the other still has it', async () => {
    expect(await Promise.all([first, second].map((node) => node.status(EVE)))).toEqual([200, 200]);
    const loads = async () => (await nodeStatus(await second.client())).near['gateway-key'].loads;
    await second.client();
    const before = await loads();
    expect(await first.says({ keys: [ADA] })).toBe('applied');
    expect(await Promise.all([first, second].map((node) => node.status(EVE)))).toEqual([401, 401]);
    expect(await second.status(EVE)).toBe(401);
    expect(await Promise.all([first, second].map((node) => node.status(ADA)))).toEqual([200, 200]);
    expect((await loads()) - before).toBe(1);
    await second.says({ keys: [ADA] });
    // By mistake, it turns out.
    for (const node of [first, second]) await node.says({});
    expect(await Promise.all([first, second].map((node) => node.status(EVE)))).toEqual([200, 200]);
  });

  it('refuse it also where a node that is behind comes to a file which still had it', async () => {
    await second.says({ keys: [ADA], projectName: 'before the key was given out' });
    await first.says({ keys: [ADA] });
    expect(await second.says({ projectName: 'before the key was revoked' })).toBe('applied');
    expect(await second.status(EVE)).toBe(401);
    expect(await second.status(ADA)).toBe(200);
  });

  it('never mix what their files say: the one that is behind puts nothing back', async () => {
    const [newer, older] = [await first.client(), await second.client()];
    for (const client of [newer, older]) await discover(client);
    changing.behaviour.page = () => ({ tools: ['of the new credentials'] });
    await first.says({ servers: servers({ headers: { 'x-other': 'credentials' } }), projectName: 'newer' });
    changing.behaviour.page = () => ({ tools: ['echo'] });
    await waitFor(async () => sources(await discover(older))['changing'] !== 'near', { what: 'the clear' });
    changing.behaviour.page = () => ({ tools: ['of the new credentials'] });
    const toolsOf = async (client: TestClient) => {
      const { available_servers: found } = await discover(client);
      return Object.keys((found as Record<string, { tools: object }>)['changing']?.tools ?? {});
    };
    for (let round = 1; round <= 3; round++) {
      expect(await toolsOf(older)).toEqual(['echo']);
      expect(await toolsOf(newer)).toEqual(['of the new credentials']);
    }
  });

  it('end a request with the definition that it began with, though its server is gone meanwhile', async () => {
    const { promise: called, resolve: call } = Promise.withResolvers<void>();
    const { promise: released, resolve: release } = Promise.withResolvers<string>();
    changing.behaviour.call = () => {
      call();
      return released;
    };
    const client = await first.client();
    await discover(client);
    const twice = { server_name: 'changing', tool_calls: [{ name: 'echo' }, { name: 'echo' }] };
    const answer = client.call('enkrypt_secure_call_tools', twice);
    await called;
    await first.says({ servers: [] });
    expect(await client.call('enkrypt_secure_call_tools', twice)).toMatchObject({ status: 'error' });
    const connections = async () => (await nodeStatus(client)).server_connections;
    await waitFor(async () => (await connections()) === 1, { what: 'the connection that nobody uses to go' });
    release('done');
    expect(await answer).toMatchObject({ results: [{ response: 'done' }, { response: 'done' }] });
    await waitFor(async () => (await connections()) === 0, { what: 'the other one to go' });
  });
});

it('revokes a key on the other node as soon as the tier is there again, and says until then that something waits', async () => {
  await second.status(EVE);
  const client = await first.client();
  await tier.kill();
  expect(await first.says({ keys: [ADA] })).toBe('applied');
  expect(await first.status(EVE)).toBe(401);
  expect((await nodeStatus(client)).config).toMatchObject({ state: 'current', clears_waiting: expect.any(Number) });
  await tier.restart();
  await waitFor(async () => (await second.status(EVE)) === 401, { what: 'the key to be refused', timeoutMs: 20_000 });
  const none = async () => (await nodeStatus(client)).config?.['clears_waiting'] === 0;
  await waitFor(none, { what: 'nothing to wait', timeoutMs: 20_000 });
});
