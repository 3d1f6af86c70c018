import type { RunningServer } from '@lockstep/testkit';
import { freePort, startRedis, waitFor } from '@lockstep/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { GatewayNode } from '../src/wiring.ts';
import { configText, connectClient, SECRET, sources, startTestNode } from './harness.ts';
import { Origin } from './mcp-origin.ts';

let origin: Origin;
let node: GatewayNode | undefined;
let tier: RunningServer | undefined;

beforeEach(async () => {
  origin = await new Origin().start();
});

afterEach(async () => {
  await node?.close();
  await Promise.all([origin.stop(), tier?.stop()]);
  [node, tier] = [undefined, undefined];
});

async function start(lockstep: Readonly<Record<string, unknown>>): Promise<GatewayNode> {
  const cluster = { secret: SECRET, maxStalenessMs: 500, preloadTimeoutMs: 20_000 };
  node = await startTestNode(configText([origin.entry('origin')], { ...cluster, ...lockstep }));
  return node;
}

async function probe(path: 'startupz' | 'readyz'): Promise<Record<string, unknown>> {
  const response = await fetch(node?.url.replace('/mcp', `/${path}`) ?? '');
  return { code: response.status, ...((await response.json()) as object) };
}

const becomes = (path: 'startupz' | 'readyz', status: string) =>
  waitFor(async () => (await probe(path))['status'] === status, { what: `${path}: ${status}`, timeoutMs: 20_000 });

const SERVING = { code: 200, status: 'degraded' };

it('a node that cannot reach its cluster has not started, though it serves; it has once it joined and preloaded', async () => {
  const { promise: released, resolve: release } = Promise.withResolvers<{ tools: string[] }>();
  origin.behaviour.page = () => released;
  const port = await freePort();
  await start({ tierUrl: `redis://127.0.0.1:${port}` });
  expect(await probe('startupz')).toMatchObject({ code: 503, status: 'starting', reason: expect.any(String) });
  expect(await probe('readyz')).toMatchObject(SERVING);
  expect(origin.pagesAsked).toBe(0);
  tier = await startRedis({ port });
  await waitFor(() => origin.pagesAsked === 1, { what: 'the preload', timeoutMs: 20_000 });
  expect(await probe('startupz')).toMatchObject({ code: 503, status: 'starting', coherence: 'coherent' });
  expect(await probe('readyz')).toMatchObject({ code: 200, status: 'ready' });
  release({ tools: ['echo'] });
  await becomes('startupz', 'started');
  expect(await probe('startupz')).toMatchObject({ code: 200, coherence: 'coherent' });
  const client = await connectClient(node?.url ?? '');
  expect(sources(await client.call('enkrypt_discover_all_tools'))).toEqual({ origin: 'near' });
  await client.close();
});

it('a node that has started stays so, and goes on serving, when the tier goes away', async () => {
  tier = await startRedis();
  await start({ tierUrl: tier.url });
  await becomes('startupz', 'started');
  await tier.stop();
  await becomes('readyz', 'degraded');
  expect(await probe('readyz')).toMatchObject(SERVING);
  expect(await probe('startupz')).toMatchObject({ code: 200, status: 'started', coherence: 'degraded' });
});

it('a node that has not found its cluster when its patience is over has started, degraded, and has asked no server', async () => {
  await start({ tierUrl: `redis://127.0.0.1:${await freePort()}`, startPatienceMs: 200 });
  await becomes('startupz', 'started');
  expect(await probe('startupz')).toMatchObject({ code: 200, coherence: 'degraded' });
  expect(await probe('readyz')).toMatchObject(SERVING);
  expect(origin.pagesAsked).toBe(0);
});

it('a node without a cluster has started once it has preloaded', async () => {
  await start({});
  await becomes('startupz', 'started');
  expect(origin.pagesAsked).toBe(1);
});
