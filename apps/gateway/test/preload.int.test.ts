import type { RunningServer } from '@lockstep/testkit';
import { startNats, startRedis, waitFor } from '@lockstep/testkit';
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import type { GatewayNode } from '../src/wiring.ts';
import type { ServerEntry } from './harness.ts';
import { configText, connectClient, nodeStatus, SECRET, scriptServer, sources, startTestNode } from './harness.ts';
import { Origin } from './mcp-origin.ts';

const SERVERS = 32;

let tier: RunningServer;
let bus: RunningServer;
let origins: readonly Origin[];
let nodes: GatewayNode[];

beforeAll(async () => {
  [tier, bus] = await Promise.all([startRedis(), startNats()]);
});

afterAll(async () => {
  await Promise.all([tier.stop(), bus.stop()]);
});

beforeEach(async () => {
  nodes = [];
  origins = await Promise.all(Array.from({ length: SERVERS }, () => new Origin().start()));
});

afterEach(async () => {
  await Promise.all(nodes.map((node) => node.close()));
  await Promise.all(origins.map((origin) => origin.stop()));
});

const entries = (): readonly ServerEntry[] => origins.map((origin, index) => origin.entry(`server-${index}`));
const asked = () => origins.map(({ pagesAsked }) => pagesAsked);

async function start(
  servers: readonly ServerEntry[],
  lockstep: Readonly<Record<string, unknown>>,
): Promise<GatewayNode> {
  const cluster = { tierUrl: tier.url, busUrl: bus.url, secret: SECRET };
  const node = await startTestNode(configText(servers, { ...cluster, preloadTimeoutMs: 20_000, ...lockstep }));
  nodes.push(node);
  return node;
}

const readiness = async (node: GatewayNode) => {
  const response = await fetch(node.url.replace('/mcp', '/readyz'));
  return { code: response.status, ...((await response.json()) as { status: string }) };
};

const isReady = (node: GatewayNode) =>
  waitFor(async () => (await readiness(node)).code === 200, { what: 'a ready node', timeoutMs: 20_000 });

it('three nodes that start together discover each server once, before any says that it is ready; a fourth discovers none', async () => {
  const started = [1, 2, 3].map(() =>
    start(entries(), { cluster: 'together' }).then(async (node) => isReady(node).then(() => node)),
  );
  const together = await Promise.all(started);
  expect(asked()).toEqual(origins.map(() => 1));
  const beganMs = performance.now();
  const late = await start(entries(), { cluster: 'together' });
  await isReady(late);
  console.log(
    `a node that joined a warm cluster of ${SERVERS} servers was ready after ${Math.round(performance.now() - beganMs)} ms`,
  );
  for (const node of [...together, late]) {
    const client = await connectClient(node.url);
    const found = await client.call('enkrypt_discover_all_tools');
    expect(new Set(Object.values(sources(found)))).toEqual(new Set(['near']));
    if (node === late) expect((await nodeStatus(client)).origin_discoveries).toBe(0);
    await client.close();
  }
  expect(asked()).toEqual(origins.map(() => 1));
});

it('says that it is starting until the servers have answered, and serves those that do not wait for that', async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<{ tools: string[] }>();
  const [slow] = origins;
  if (slow === undefined) throw new Error('no origin');
  slow.behaviour.page = () => released;
  const node = await start(entries(), { cluster: 'starting' });
  expect(await readiness(node)).toMatchObject({ code: 503, status: 'starting', coherence: 'coherent' });
  await waitFor(() => asked().every((count) => count === 1), { what: 'all servers to be asked' });
  const client = await connectClient(node.url);
  const found = await client.call('enkrypt_discover_all_tools', { server_name: 'server-1' });
  expect(found).toMatchObject({ status: 'success', source: 'near' });
  expect(await readiness(node)).toMatchObject({ code: 503, status: 'starting' });
  release({ tools: ['late'] });
  await isReady(node);
  expect(await readiness(node)).toMatchObject({ code: 200, status: 'ready' });
  await client.close();
});

it('is ready though servers fail, and once the time is over though one never answers', async () => {
  const dead = scriptServer('dead', 'process.exit(3);');
  const hanging = scriptServer('hanging', 'process.stdin.resume(); setInterval(() => {}, 1e6);');
  const failing = await start([dead, ...entries()], { cluster: 'failing' });
  await isReady(failing);
  expect(asked()).toEqual(origins.map(() => 1));
  const patient = { connectTimeoutMs: 90_000, discoveryTimeoutMs: 90_000 };
  const waiting = await start([hanging], { cluster: 'waiting', preloadTimeoutMs: 300, ...patient });
  expect(await readiness(waiting)).toMatchObject({ status: 'starting' });
  await isReady(waiting);
});

it('preloads nothing where that is switched off, and nothing in a cluster that it has not found', async () => {
  const off = await start(entries(), { cluster: 'off', preloadTimeoutMs: 0 });
  expect(await readiness(off)).toMatchObject({ code: 200, status: 'ready' });
  const alone = await start(entries(), { cluster: 'alone', tierUrl: 'redis://127.0.0.1:1' });
  expect(await readiness(alone)).toMatchObject({ code: 200, status: 'degraded' });
  expect(asked()).toEqual(origins.map(() => 0));
});
