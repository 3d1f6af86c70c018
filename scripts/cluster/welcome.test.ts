import { execFile, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import type { Server } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import type { Cluster } from './cluster.ts';
import type { Observability } from './observability.ts';
import { welcome } from './welcome.ts';

const KEY = 'a-gateway-key';
const ADMIN_URL = 'http://127.0.0.1:9';
const HAS_CURL = spawnSync('curl', ['--version']).status === 0;

/** What a node answers to each tool, as far as the lines show it. */
const ANSWERS: Readonly<Record<string, object>> = {
  enkrypt_discover_all_tools: {
    everything: { message: "13 tools of everything, from this node's near-cache" },
    memory: { message: '9 tools of memory, from the server' },
  },
  enkrypt_secure_call_tools: { results: [{ response: 'Echo: hello' }] },
  enkrypt_clear_cache: { message: 'all: caches of gateway demo_demo_demo cleared on every node' },
};

let folder: string;
let node: Server;
const requests: { headers: object; body: { method: string; params: { name: string; arguments: object } } }[] = [];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-welcome-'));
  requests.length = 0;
  node = createServer(async (request, response) => {
    const body = JSON.parse(Buffer.concat(await request.toArray()).toString('utf8'));
    requests.push({ headers: request.headers, body });
    const answer = ANSWERS[body.params.name];
    const result = { content: [{ type: 'text', text: JSON.stringify(answer) }], structuredContent: answer };
    response.writeHead(200, { 'Content-Type': 'text/event-stream' });
    response.end(`event: message\ndata: ${JSON.stringify({ jsonrpc: '2.0', id: body.id, result })}\n\n`);
  });
  node.listen(0, '127.0.0.1');
  await once(node, 'listening');
});

afterEach(async () => {
  vi.restoreAllMocks();
  node.close();
  await rm(folder, { recursive: true, force: true });
});

/** What is printed for that many nodes, all of them the one there is. */
async function printed(nodes: number, observability?: Partial<Observability>): Promise<string> {
  const url = `http://127.0.0.1:${(node.address() as AddressInfo).port}/mcp`;
  const log = vi.spyOn(console, 'log').mockImplementation(() => undefined);
  const named = Array.from({ length: nodes }, (_, index) => ({ name: `node ${index + 1}`, url, adminUrl: ADMIN_URL }));
  const servers = nodes === 1 ? undefined : { from: 'servers of a test' };
  const cluster = { nodes: named, servers, gatewayKey: KEY, adminToken: 'an-admin-token', observability, folder };
  await welcome(cluster as unknown as Cluster);
  return log.mock.calls.join('\n');
}

it.runIf(HAS_CURL).each([1, 3])(
  'each line to try, of %i nodes, runs as it is printed and shows what it is about',
  async (nodes) => {
    const lines = (await printed(nodes)).split('\n').filter((line) => line.startsWith('   curl'));
    const shown = await Promise.all(lines.map((line) => promisify(execFile)('/bin/sh', ['-c', line])));
    expect(shown.map(({ stdout }) => stdout)).toEqual([
      "13 tools of everything, from this node's near-cache\n9 tools of memory, from the server\n",
      'Echo: hello\n',
      'all: caches of gateway demo_demo_demo cleared on every node\n',
    ]);
    expect(requests.map(({ body }) => body.params.name).sort()).toEqual(Object.keys(ANSWERS).sort());
    for (const { headers } of requests) expect(headers).toMatchObject({ authorization: `Bearer ${KEY}` });
  },
);

it('the nodes, the key and how to end it are told', async () => {
  const text = await printed(3);
  expect(text).toMatch(/3 gateway nodes are up, on servers of a test\.\n\n {2}node 1 .*\n {2}node 2 .*\n {2}node 3 /);
  expect(text).toContain(`gateway key  ${KEY}`);
  expect(text).toContain(`export LOCKSTEP_ADMIN_URL=${ADMIN_URL} LOCKSTEP_ADMIN_TOKEN=an-admin-token`);
  expect(text).toContain('Ctrl-C ends all of it.');
  expect(await printed(1)).toContain('One gateway node is up, in local mode.');
});

it('where there are dashboards, traces and metrics, their addresses are told', async () => {
  expect(await printed(3)).not.toContain('dashboards');
  const text = await printed(3, { grafanaUrl: 'http://g', jaegerUrl: 'http://j', prometheusUrl: 'http://p' });
  expect(text).toMatch(/dashboards +http:\/\/g\n +traces +http:\/\/j\n +metrics +http:\/\/p\n/);
});
