import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Balancer, RunningServer } from '@lockstep/testkit';
import { startHaproxy, startNats, startNginx, startRedis, waitFor } from '@lockstep/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TestClient } from './harness.ts';
import { configText, connectClient, SECRET } from './harness.ts';
import { Origin } from './mcp-origin.ts';
import type { NodeProcess } from './node-process.ts';
import { startProcess } from './node-process.ts';
import { SteadyLoad } from './steady-load.ts';

const STALENESS_MS = 2_000;
/** The second answer in a row that is not `ready` takes a node out: for a second connections still come to one that leaves. */
const CHECK_EVERY_MS = 500;
const DRAIN_DELAY_MS = 2_500;
const NODES = 3;
/** Of one clear: one, and another where it falls into the next clear, or into the end of the node that asks. */
const ASKED_MAX = 1.5;

let folder: string;
let tier: RunningServer;
let bus: RunningServer;
let origins: readonly Origin[];
let version: number;
let nodes: Node[];
let proxy: Balancer;
/** Ends the slow calls of a node. */
let release: () => void;
let slowCalls: number;

interface Node extends NodeProcess {
  readonly url: string;
  readonly port: number;
}

beforeEach(async () => {
  [version, slowCalls, nodes] = [1, 0, []];
  folder = await mkdtemp(join(tmpdir(), 'lockstep-rolling-'));
  const page = () => ({ tools: ['echo', `version-${version}`, 'slow'] });
  const call = async (name: string): Promise<string> => {
    if (name !== 'slow') return `called ${name}`;
    slowCalls++;
    await new Promise<void>((resolve) => {
      release = resolve;
    });
    return 'slow, and whole';
  };
  origins = await Promise.all([new Origin({ page, call }).start(), new Origin({ page, call }).start()]);
  [tier, bus] = await Promise.all([startRedis(), startNats()]);
  const text = configText(
    origins.map((origin, index) => origin.entry(index === 0 ? 'one' : 'two')),
    {
      ...{ tierUrl: tier.url, busUrl: bus.url, secret: SECRET, maxStalenessMs: STALENESS_MS, logLevel: 'info' },
      ...{ preloadTimeoutMs: 10_000, drainDelayMs: DRAIN_DELAY_MS, drainTimeoutMs: 20_000 },
    },
  );
  await writeFile(join(folder, 'gateway.json'), text);
});

afterEach(async () => {
  for (const { child, exited } of nodes) {
    child.kill('SIGKILL');
    await exited;
  }
  await Promise.all([...origins, tier, bus, proxy].map((server) => server.stop()));
  await rm(folder, { recursive: true, force: true });
});

/** A node that is ready: it has joined, and has the tools of every server. */
async function startNode(): Promise<Node> {
  const started = startProcess(['--config', join(folder, 'gateway.json')]);
  const node: Node = Object.assign(started, { url: '', port: 0 });
  nodes.push(node);
  const url = await started.listening();
  Object.assign(node, { url, port: Number(new URL(url).port) });
  await waitFor(async () => (await fetch(url.replace('/mcp', '/readyz'))).status === 200, { what: 'a ready node' });
  return node;
}

const discoveries = () => origins.map(({ pagesAsked }) => pagesAsked);

const refuses = (url: string): Promise<boolean> =>
  fetch(url.replace('/mcp', '/healthz'), { headers: { connection: 'close' } }).then(
    () => false,
    () => true,
  );

/** What a client hears on a stream through the proxy, which it opens again whenever it was ended. */
async function listen(url: string) {
  const { client, close } = await connectClient(url);
  const heard = { changes: 0, ended: 0, dropped: 0 };
  let isOver = false;
  client.setNotificationHandler('notifications/tools/list_changed', () => {
    heard.changes++;
  });
  const first = Promise.withResolvers<void>();
  first.promise.catch(() => undefined);
  const listening = (async () => {
    while (!isOver) {
      const subscription = await client.listen({ toolsListChanged: true });
      first.resolve();
      const how = await subscription.closed;
      if (how === 'graceful') heard.ended++;
      if (how === 'remote') heard.dropped++;
    }
  })().catch((error: unknown) => {
    first.reject(error);
    if (!isOver) heard.dropped++;
  });
  await first.promise;
  const end = async (): Promise<void> => {
    isOver = true;
    await close();
    await listening;
  };
  return { heard, end };
}

/**
 * Changes the lists and clears them, over and over, half of the clears fenced. A fence holds for up to ten seconds where
 * nodes are young, as all are here: others go on meanwhile.
 */
function keepClearing(client: TestClient, load: SteadyLoad) {
  const cleared = { committed: 0, fenced: 0 };
  let isOver = false;
  const clear = async (wait: 'committed' | 'fenced'): Promise<void> => {
    const next = ++version;
    const answer = await client.call('enkrypt_clear_cache', { cache_type: 'tools', wait });
    expect(answer).toMatchObject({ status: 'success' });
    // A clear that is not fenced holds everywhere within Δ, and what clocks may differ by.
    load.raise(next, performance.now() + (wait === 'fenced' ? 0 : STALENESS_MS * 1.1));
    cleared[wait]++;
  };
  const fences: Promise<void>[] = [];
  const running = (async () => {
    while (!isOver) {
      await clear('committed');
      await load.more(50);
      fences.push(clear('fenced'));
      await load.more(50);
    }
    await Promise.all(fences);
  })();
  running.catch(() => undefined);
  const end = async () => {
    isOver = true;
    await running;
    return cleared;
  };
  return { end };
}

/**
 * Replaces a node as Kubernetes does: the new one first; then the proxy is told, and the old one ended, at the same time.
 * Fences that the old one holds may take it longer to leave: nobody waits for that.
 */
async function replace(old: Node, tellProxy: boolean): Promise<Node> {
  const node = await startNode();
  await proxy.add(node.port);
  const client = await connectClient(old.url);
  const before = slowCalls;
  const slow = client.client.callTool({ name: 'two__slow', arguments: {} });
  await waitFor(() => slowCalls > before, { what: 'the slow call to be under way' });
  old.child.kill('SIGTERM');
  if (tellProxy) await proxy.remove(old.port);
  await waitFor(() => refuses(old.url), { what: 'the port to be closed' });
  release();
  expect(await slow).toMatchObject({ content: [{ text: 'slow, and whole' }] });
  await client.close();
  if (!tellProxy) await proxy.remove(old.port);
  return node;
}

/** Looks again and again at how many nodes the proxy sends requests to. */
function watchServing() {
  let [least, isOver] = [Number.POSITIVE_INFINITY, false];
  const watching = waitFor(
    async () => {
      least = Math.min(least, (await proxy.serving()).length);
      return isOver;
    },
    { what: 'the end of the update', timeoutMs: 120_000 },
  );
  return async () => {
    isOver = true;
    await watching;
    return least;
  };
}

describe.each([
  {
    name: 'HAProxy, which passes connections on, and finds out by its checks',
    start: () => startHaproxy({ checkPath: '/readyz', checkEveryMs: CHECK_EVERY_MS }),
    tellProxy: false,
  },
  { name: 'nginx, which passes requests on, and is told', start: startNginx, tellProxy: true },
])('every node replaced, one by one, behind $name', ({ start, tellProxy }) => {
  it('fails no request, answers nothing stale, asks no server again, and is never without a node', {
    timeout: 120_000,
  }, async () => {
    proxy = await start();
    const url = `${proxy.url}/mcp`;
    let running = await Promise.all(Array.from({ length: NODES }, startNode));
    for (const { port } of running) await proxy.add(port);
    expect(discoveries()).toEqual([1, 1]);
    const load = new SteadyLoad(url, 6);
    const streams = await Promise.all([listen(url), listen(url)]);
    const leastServing = watchServing();
    const clearing = keepClearing(await connectClient(url), load);
    for (const old of running) running = [...running.filter((node) => node !== old), await replace(old, tellProxy)];
    const { committed, fenced } = await clearing.end();
    await load.more(50);
    const afterClears = discoveries();
    for (const asked of afterClears) expect(asked).toBeLessThanOrEqual(1 + ASKED_MAX * (committed + fenced));
    // No clear any more: a new node has everything from the tier.
    const [old] = running;
    if (old !== undefined) running = [...running.slice(1), await replace(old, tellProxy)];
    await load.more(100);
    expect(discoveries()).toEqual(afterClears);
    const left = nodes.filter((node) => !running.includes(node));
    expect(await Promise.all(left.map(({ exited }) => exited))).toEqual([0, 0, 0, 0]);
    const least = await leastServing();
    const { lists, calls, failures, stale, longestPauseMs } = await load.end();
    expect(Math.min(lists, calls)).toBeGreaterThan(100);
    expect({ failures, stale }).toEqual({ failures: [], stale: [] });
    expect(least).toBeGreaterThanOrEqual(NODES - (tellProxy ? 0 : 1));
    expect(Math.min(committed, fenced)).toBeGreaterThanOrEqual(2);
    expect(longestPauseMs).toBeLessThan(3_000);
    for (const { heard, end } of streams) {
      expect(heard).toMatchObject({ dropped: 0, changes: expect.any(Number) });
      expect(heard.changes).toBeGreaterThan(0);
      await end();
    }
  });
});
