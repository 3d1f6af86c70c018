import { afterEach, expect } from 'vitest';
import type { Answer, ServerEntry, TestClient } from './harness.ts';
import { configText, connectClient, startTestNode } from './harness.ts';
import type { Answering } from './hostile-server.ts';
import { HostileServer } from './hostile-server.ts';
import { Origin } from './mcp-origin.ts';

export const MIB = 1_048_576;
const RESPONSE_BYTES_MAX = 2 * MIB;
/** What a node may hold more after any of these, garbage included that is not collected yet. */
const HEAP_GROWTH_BYTES_MAX = 48 * MIB;
/** How long the healthy server's answers, and the hostile one's refusal, may take at most. */
const ANSWERED_MS_MAX = 3_000;
const LIMITS = {
  responseBytesMax: RESPONSE_BYTES_MAX,
  discoveryTimeoutMs: 1_500,
  connectTimeoutMs: 1_500,
  discoveryPatienceMs: 2_000,
  toolCallTimeoutMs: 1_500,
};
export const TOOL = '{"name":"x","inputSchema":{"type":"object"}}';
/** A list of these tools, as JSON. */
export const listOf = (...tools: readonly string[]): string => `{"resultType":"complete","tools":[${tools.join(',')}]}`;

const closings: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
});

/** A client of a node with a hostile server, and a healthy one beside it. */
export async function gateway(hostile: ServerEntry, limits: Record<string, unknown> = LIMITS): Promise<TestClient> {
  const healthy = await new Origin().start();
  closings.push(() => healthy.stop());
  const node = await startTestNode(configText([hostile, healthy.entry('healthy')], limits));
  closings.push(() => node.close());
  const client = await connectClient(node.url);
  closings.push(() => client.close());
  return client;
}

/** Starts a hostile server. */
export async function hostile(answer: Answering, options: { modern?: boolean } = {}): Promise<HostileServer> {
  const server = await new HostileServer(answer, options).start();
  closings.push(() => server.stop());
  return server;
}

export const discover = (client: TestClient): Promise<Answer> =>
  client.call('enkrypt_discover_all_tools', { server_name: 'hostile' });

/** Everything that has to hold, whatever the server sends. */
export async function holds(
  entry: ServerEntry,
  refusal: { readonly code: string; readonly message: RegExp },
): Promise<void> {
  const client = await gateway(entry);
  globalThis.gc?.();
  const heapBytes = process.memoryUsage().heapUsed;
  const startedMs = performance.now();
  const [answer, names] = await Promise.all([discover(client), namesOf(client)]);
  expect(performance.now() - startedMs).toBeLessThan(ANSWERED_MS_MAX);
  expect(answer).toMatchObject({
    status: 'error',
    error_code: refusal.code,
    message: expect.stringMatching(refusal.message),
  });
  expect(JSON.stringify(answer).length).toBeLessThan(10_000);
  expect(names).toEqual(['healthy__echo']);
  globalThis.gc?.();
  expect(process.memoryUsage().heapUsed - heapBytes).toBeLessThan(HEAP_GROWTH_BYTES_MAX);
  expect(await kept(client)).toEqual({ exists: false, needs_discovery: true });
  const echoed = await client.client.callTool({ name: 'healthy__echo' });
  expect(echoed.content).toMatchObject([{ text: 'called echo' }]);
}

/** The names of the servers' tools in the merged list. */
export async function namesOf({ client }: TestClient): Promise<readonly string[]> {
  const { tools } = await client.request({ method: 'tools/list' });
  return tools.map(({ name }) => name).filter((name) => !name.startsWith('enkrypt_'));
}

/** Whether the caches have anything of the hostile server. */
async function kept(client: TestClient): Promise<unknown> {
  const { cache_status: status } = await client.call('enkrypt_get_cache_status');
  const { gateway_specific: ours } = status as {
    gateway_specific: { tools: { servers: Record<string, Record<string, unknown>> } };
  };
  const { exists, needs_discovery } = ours.tools.servers['hostile'] ?? {};
  return { exists, needs_discovery };
}
