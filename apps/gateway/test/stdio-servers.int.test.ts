import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@lockstep/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';
import type { TestClient } from './harness.ts';
import { configText, connectClient, nodeStatus, scriptServer, startTestNode } from './harness.ts';
import { isAlive } from './node-process.ts';
import { tinyServer } from './stdio-server.ts';

let folder: string;
let starts: string;
const closings: (() => Promise<unknown>)[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'lockstep-stdio-'));
  starts = join(folder, 'starts');
});

afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
  await rm(folder, { recursive: true, force: true });
});

const noteStart = () => `appendFileSync(${JSON.stringify(starts)}, process.pid + '\\n');`;
const pids = async () => (await readFile(starts, 'utf8')).trim().split('\n').map(Number);

async function gateway(calls: Readonly<Record<string, string>>): Promise<TestClient> {
  const tools = Object.fromEntries(Object.keys(calls).map((name) => [name, name]));
  const node = await startTestNode(configText([{ ...scriptServer('tiny', tinyServer(calls, noteStart())), tools }]));
  const client = await connectClient(node.url);
  closings.push(
    () => node.close(),
    () => client.close(),
  );
  return client;
}

const call = async (client: TestClient, name: string) => {
  const answer = await client.call('enkrypt_secure_call_tools', { server_name: 'tiny', tool_calls: [{ name }] });
  return (answer['results'] as readonly Record<string, unknown>[])[0];
};

it('starts a killed server again with the next call, each time, as long as it is of use', async () => {
  const client = await gateway({ pid: 'return process.pid' });
  for (let round = 1; round <= 5; round++) {
    const pid = Number((await call(client, 'pid'))?.['response']);
    expect((await pids()).at(-1)).toBe(pid);
    process.kill(pid, 'SIGKILL');
    await waitFor(async () => (await nodeStatus(client)).server_connections === 0, { what: 'the loss to be noticed' });
  }
  expect(new Set(await pids()).size).toBe(5);
});

it('leaves a server alone that ends with every call: few starts, however many calls, and a new one later', async () => {
  const client = await gateway({ crash: 'process.exit(1)' });
  const startedMs = performance.now();
  let refused = 0;
  for (let calls = 1; calls <= 200; calls++) {
    const code = (await call(client, 'crash'))?.['error_code'];
    expect(['unreachable', 'unavailable']).toContain(code);
    if (code === 'unavailable') refused++;
  }
  // Three at once, then one after a second, one after two more, and so on.
  const seconds = (performance.now() - startedMs) / 1_000;
  expect((await pids()).length).toBeLessThanOrEqual(3 + Math.log2(seconds + 1));
  expect(refused).toBeGreaterThan(150);
  const before = (await pids()).length;
  await waitFor(async () => (await call(client, 'crash'))?.['error_code'] === 'unreachable', { what: 'another try' });
  expect((await pids()).length).toBe(before + 1);
});

it('starts a node with a hundred servers: it listens at once, preloads all, and keeps no more processes than it may', async () => {
  const servers = Array.from({ length: 100 }, (_, index) => {
    return {
      ...scriptServer('tiny', tinyServer({ pid: 'return process.pid' }, noteStart())),
      server_name: `tiny-${index}`,
    };
  });
  const startedMs = performance.now();
  const node = await startTestNode(
    configText(servers, { preloadTimeoutMs: 100_000, connectionsMax: 12, toolList: 'own' }),
  );
  closings.push(() => node.close());
  const listeningMs = performance.now() - startedMs;
  const base = node.url.replace('/mcp', '');
  expect((await fetch(`${base}/readyz`)).status).toBe(503);
  const client = await connectClient(node.url);
  closings.push(() => client.close());
  let most = 0;
  const isReady = async () => {
    most = Math.max(most, (await nodeStatus(client)).server_connections);
    return (await fetch(`${base}/readyz`)).status === 200;
  };
  await waitFor(isReady, { what: 'a ready node', timeoutMs: 100_000 });
  const readyMs = performance.now() - startedMs;
  console.log(
    `100 stdio servers: listening after ${Math.round(listeningMs)} ms, ready after ${Math.round(readyMs)} ms`,
  );
  expect(listeningMs).toBeLessThan(5_000);
  expect(most).toBeLessThanOrEqual(12);
  expect(await pids()).toHaveLength(100);
  const { origin_discoveries: discoveries, origin_discoveries_failed: failed } = await nodeStatus(client);
  expect([discoveries, failed]).toEqual([100, 0]);
  const alive = async () => (await pids()).filter(isAlive).length;
  await waitFor(async () => (await alive()) <= 12, { what: 'those that made room to be gone' });
}, 120_000);
