import { monitorEventLoopDelay } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { ServerEntry, TestClient } from './harness.ts';
import { configText, connectClient, startTestNode } from './harness.ts';
import type { Answering } from './hostile-server.ts';
import { flood, HostileServer, hostileProcess, resultOf, sendJson } from './hostile-server.ts';
import { Origin } from './mcp-origin.ts';

const MIB = 1_048_576;
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
const TOOL = '{"name":"x","inputSchema":{"type":"object"}}';
const listOf = (...tools: readonly string[]) => `{"resultType":"complete","tools":[${tools.join(',')}]}`;

const closings: (() => Promise<unknown>)[] = [];
let healthy: Origin;

beforeEach(async () => {
  healthy = await new Origin().start();
  closings.push(() => healthy.stop());
});

afterEach(async () => {
  for (const close of closings.splice(0).reverse()) await close();
});

async function gateway(hostile: ServerEntry, limits: Record<string, unknown> = LIMITS): Promise<TestClient> {
  const node = await startTestNode(configText([hostile, healthy.entry('healthy')], limits));
  closings.push(() => node.close());
  const client = await connectClient(node.url);
  closings.push(() => client.close());
  return client;
}

async function hostile(answer: Answering, options: { modern?: boolean } = {}): Promise<HostileServer> {
  const server = await new HostileServer(answer, options).start();
  closings.push(() => server.stop());
  return server;
}

const discover = (client: TestClient) => client.call('enkrypt_discover_all_tools', { server_name: 'hostile' });

/** Everything that has to hold, whatever the server sends. */
async function holds(entry: ServerEntry, refusal: { readonly code: string; readonly message: RegExp }): Promise<void> {
  const client = await gateway(entry);
  globalThis.gc?.();
  const heapBytes = process.memoryUsage().heapUsed;
  const startedMs = performance.now();
  const [answer, names] = await Promise.all([discover(client), healthyNames(client)]);
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

async function healthyNames({ client }: TestClient): Promise<readonly string[]> {
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

const JSON_ANSWERS: readonly (readonly [what: string, result: string, message: RegExp])[] = [
  ['a tool without a name', listOf('{"inputSchema":{"type":"object"}}'), /tool 1 has no name$/],
  ['a tool whose name is empty', listOf(TOOL, '{"name":"","inputSchema":{"type":"object"}}'), /tool 2 has no name$/],
  [
    'a name of a megabyte',
    listOf(`{"name":"${'n'.repeat(MIB)}","inputSchema":{"type":"object"}}`),
    /the name of tool 1 is longer than 512 characters$/,
  ],
  [
    'an inputSchema that is text',
    listOf('{"name":"x","inputSchema":"object"}'),
    /the inputSchema of tool 1 is not the schema of an object$/,
  ],
  ['an inputSchema that is a list', listOf('{"name":"x","inputSchema":[]}'), /the inputSchema of tool 1 is not/],
  [
    'an inputSchema of another type',
    listOf('{"name":"x","inputSchema":{"type":"array"}}'),
    /the inputSchema of tool 1 is not/,
  ],
  ['no inputSchema', listOf('{"name":"x"}'), /the inputSchema of tool 1 is not/],
  ['a tool that is null', listOf('null'), /tool 1 is not an object$/],
  [
    'a description that is a number',
    listOf('{"name":"x","description":1,"inputSchema":{"type":"object"}}'),
    /answer cannot be used/,
  ],
  [
    'a tool of a megabyte',
    listOf(`{"name":"x","description":"${'d'.repeat(MIB)}","inputSchema":{"type":"object"}}`),
    /tool 1 is larger than 262144 characters$/,
  ],
  ['a hundred thousand tools', listOf(...Array.from({ length: 100_000 }, () => '{}')), /more than 10000 tools$/],
  ['a list that is an object', '{"resultType":"complete","tools":{"length":1}}', /has no list of tools$/],
  ['a list that is missing', '{"resultType":"complete"}', /has no list of tools$/],
  [
    'a schema nested ten thousand deep',
    listOf(`{"name":"x","inputSchema":{"type":"object","properties":${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}}}`),
    /tool 1 is nested deeper than 100$/,
  ],
  [
    'a schema nested a hundred thousand deep',
    listOf(`{"name":"x","inputSchema":{"type":"object","enum":${'['.repeat(100_000)}${']'.repeat(100_000)}}}`),
    /tool 1 is nested deeper than 100$/,
  ],
];

describe('a server over HTTP that sends', () => {
  it.each(JSON_ANSWERS)('%s is refused with the reason, and troubles nobody else', async (_what, result, message) => {
    const server = await hostile((response, asked) => sendJson(response, resultOf(asked, result)), { modern: true });
    await holds(server.entry('hostile'), { code: 'unusable', message });
  });

  it('a list of 50 MB is read no further than an answer may be long', async () => {
    let sent = 0;
    const server = await hostile(async (response) => {
      response.writeHead(200, { 'content-type': 'application/json' });
      sent = await flood(response, ' '.repeat(65_536), (50 * MIB) / 65_536);
    });
    await holds(server.entry('hostile'), { code: 'unusable', message: /sent an answer of more than 2097152 bytes$/ });
    // What sockets hold on the way is not read by anyone.
    expect(sent * 65_536).toBeLessThan(16 * MIB);
  });

  it('a list that it says is of 50 MB is not read at all', async () => {
    const server = await hostile((response) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 50 * MIB });
      response.write('{');
    });
    await holds(server.entry('hostile'), { code: 'unusable', message: /more than 2097152 bytes$/ });
  });

  it('an endless stream of events is broken off', async () => {
    const server = await hostile(async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      const note = {
        jsonrpc: '2.0',
        method: 'notifications/message',
        params: { level: 'info', data: 'x'.repeat(10_000) },
      };
      await flood(response, `data: ${JSON.stringify(note)}\n\n`);
    });
    await holds(server.entry('hostile'), { code: 'unusable', message: /more than 2097152 bytes$/ });
  });

  it('an event without an end is broken off', async () => {
    const server = await hostile(async (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      await flood(response, 'data: '.padEnd(65_536, 'x'));
    });
    await holds(server.entry('hostile'), { code: 'unusable', message: /more than 2097152 bytes$/ });
  });

  it('nothing is given up after its time', async () => {
    const server = await hostile(() => undefined);
    await holds(server.entry('hostile'), { code: 'timed-out', message: /^hostile took too long$/ });
  });

  it('a stream that never says anything is given up after its time', async () => {
    const server = await hostile(
      (response) => void response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders(),
    );
    await holds(server.entry('hostile'), { code: 'timed-out', message: /^hostile took too long$/ });
  });

  it('half an answer, and dies, is told as unreachable', async () => {
    const server = await hostile((response, asked) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': 1_000 });
      response.write(resultOf(asked, listOf(TOOL)).slice(0, 40), () => response.socket?.destroy());
    });
    await holds(server.entry('hostile'), { code: 'unreachable', message: /^hostile cannot be reached/ });
  });

  it('headers without end is told as unreachable', async () => {
    const server = await hostile((response) => {
      const headers = Array.from({ length: 20_000 }, (_, index) => `x-bomb-${index}: ${'b'.repeat(50)}\r\n`).join('');
      response.socket?.end(`HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n${headers}\r\n{}`);
    });
    await holds(server.entry('hostile'), { code: 'unreachable', message: /UND_ERR_HEADERS_OVERFLOW/ });
  });

  it('what is no JSON, or is of no known type, is refused', async () => {
    const broken = await hostile((response, asked) => sendJson(response, resultOf(asked, '{"tools":[NaN]}')));
    await holds(broken.entry('hostile'), { code: 'unreachable', message: /^hostile cannot be reached/ });
    const page = await hostile(
      (response) => void response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
    );
    await holds(page.entry('hostile'), { code: 'unreachable', message: /^hostile cannot be reached/ });
  });

  it('an error of a megabyte is told in a sentence', async () => {
    const server = await hostile((response, { id }) => {
      const error = { code: -32_000, message: 'e'.repeat(MIB) };
      sendJson(response, JSON.stringify({ jsonrpc: '2.0', id, error }));
    });
    await holds(server.entry('hostile'), { code: 'refused', message: /^hostile answered with an error: e{1000}…$/ });
  });

  it('a question in place of a list is refused', async () => {
    const asking = '{"resultType":"input_required","inputRequests":{},"requestState":"s"}';
    const server = await hostile((response, asked) => sendJson(response, resultOf(asked, asking)), { modern: true });
    await holds(server.entry('hostile'), { code: 'unusable', message: /asks back instead of answering$/ });
    expect(server.asked).toBe(1);
  });

  it('pages that go round in a circle is refused after so many', async () => {
    const server = await hostile((response, asked) => {
      const next = asked.params?.cursor === 'a' ? 'b' : 'a';
      sendJson(
        response,
        resultOf(asked, `{"tools":[{"name":"of-${next}","inputSchema":{"type":"object"}}],"nextCursor":"${next}"}`),
      );
    });
    await holds(server.entry('hostile'), { code: 'unusable', message: /does not end/ });
    expect(server.asked).toBeLessThanOrEqual(2 * 65);
  });

  it('pages that are ever new is refused once they are too many tools together', async () => {
    const server = await hostile((response, asked) => {
      const page = Number(asked.params?.cursor ?? 0);
      const tools = Array.from(
        { length: 1_000 },
        (_, at) => `{"name":"t${page}-${at}","inputSchema":{"type":"object"}}`,
      );
      sendJson(response, resultOf(asked, `{"tools":[${tools.join(',')}],"nextCursor":"${page + 1}"}`));
    });
    await holds(server.entry('hostile'), { code: 'unusable', message: /more than 10000 tools$/ });
  });

  it('pages that are ever new is refused once they are too large together', async () => {
    const server = await hostile((response, asked) => {
      const page = Number(asked.params?.cursor ?? 0);
      const tool = `{"name":"t${page}","description":"${'d'.repeat(200_000)}","inputSchema":{"type":"object"}}`;
      sendJson(response, resultOf(asked, `{"tools":[${tool}],"nextCursor":"${page + 1}"}`));
    });
    await holds(server.entry('hostile'), { code: 'unusable', message: /larger than 2097152 characters$/ });
  });
});

describe('a process that writes', () => {
  it('a line without an end is ended', async () => {
    const entry = hostileProcess(
      'hostile',
      "const more = () => process.stdout.write('x'.repeat(65536), more); more();",
    );
    await holds(entry, { code: 'unusable', message: /^hostile sent a line of more than 2097152 bytes$/ });
  });

  it('a hundred thousand tools is refused', async () => {
    const entry = hostileProcess('hostile', 'reply(asked.id, { result: { tools: Array(100000).fill({}) } });');
    await holds(entry, { code: 'unusable', message: /more than 10000 tools$/ });
  });

  it('lines of rubbish, and then nothing, is given up after its time', async () => {
    const entry = hostileProcess(
      'hostile',
      "for (let i = 0; i < 1000; i++) write('rubbish {]}\\n\\u0000\\n[]\\n{}\\n');",
    );
    await holds(entry, { code: 'timed-out', message: /^hostile took too long$/ });
  });

  it('half an answer, and dies, is told as unreachable', async () => {
    const entry = hostileProcess('hostile', `process.stdout.write('{"jsonrpc":"2.0","id":', () => process.exit(1));`);
    await holds(entry, { code: 'unreachable', message: /^hostile cannot be reached/ });
  });
});

describe('odd answers that can be used', () => {
  it('a tool called __proto__ is a tool as any other', async () => {
    const proto = '{"name":"__proto__","inputSchema":{"type":"object","properties":{"__proto__":{"type":"string"}}}}';
    const server = await hostile((response, asked) => {
      if (asked.method === 'tools/list') return sendJson(response, resultOf(asked, listOf(proto)));
      sendJson(response, resultOf(asked, '{"content":[{"type":"text","text":"__proto__ answers"}]}'));
    });
    const client = await gateway(server.entry('hostile'));
    const [name = '', ...others] = await healthyNames(client);
    expect([name, others]).toEqual(['hostile____proto__', ['healthy__echo']]);
    expect((await client.client.callTool({ name })).content).toMatchObject([{ text: '__proto__ answers' }]);
    expect(Object.keys((await discover(client))['tools'] as object)).toEqual(['__proto__']);
    expect(({} as { type?: unknown }).type).toBeUndefined();
  });

  it('times and scopes of nonsense keep a list no longer than it may be, and show it to no others', async () => {
    const odd = ['1000000000000000', '-1', '1.5', '"x"', '1e999', 'null', '[]'];
    for (const ttlMs of odd) {
      const result = listOf(TOOL).replace('{', `{"ttlMs":${ttlMs},"cacheScope":"everyone",`);
      const server = await hostile((response, asked) => sendJson(response, resultOf(asked, result)), { modern: true });
      const client = await gateway(server.entry('hostile'));
      const listed = await client.client.request({ method: 'tools/list' });
      expect(listed).toMatchObject({ cacheScope: 'private' });
      expect(listed['ttlMs']).toBeGreaterThanOrEqual(0);
      expect(listed['ttlMs']).toBeLessThanOrEqual(300_000);
      const lasts = ['1000000000000000', '1e999'].includes(ttlMs);
      await client.client.request({ method: 'tools/list' });
      expect([ttlMs, server.asked]).toEqual([ttlMs, lasts ? 1 : 2]);
    }
  });

  it('a result of a call that is too large, or too deep, is refused, and other calls go on', async () => {
    const server = await hostile((response, asked) => {
      if (asked.method === 'tools/list') {
        const named = (name: string) => TOOL.replace('x', name);
        return sendJson(response, resultOf(asked, listOf(named('large'), named('deep'), named('fine'))));
      }
      const { name } = asked.params as { name?: string };
      const text = name === 'large' ? 'x'.repeat(3 * MIB) : 'fine';
      const deep = name === 'deep' ? `,"structuredContent":${'{"a":'.repeat(50_000)}1${'}'.repeat(50_000)}` : '';
      sendJson(response, resultOf(asked, `{"content":[{"type":"text","text":"${text}"}]${deep}}`));
    });
    const client = await gateway(server.entry('hostile'));
    const call = (name: string) => client.client.callTool({ name: `hostile__${name}` });
    await expect(call('large')).rejects.toMatchObject({ code: -32603, data: { error_code: 'unusable' } });
    await expect(call('deep')).rejects.toMatchObject({ code: -32603, data: { error_code: 'unusable' } });
    expect((await call('fine')).content).toMatchObject([{ text: 'fine' }]);
  });
});

it('the largest list there may be stalls the node for less than a second', async () => {
  const schema = `{"type":"object","properties":{"a":{"type":"string"},"b":{"enum":[${'"value",'.repeat(150)}"last"]}}}`;
  const tools = Array.from({ length: 10_000 }, (_, at) => `{"name":"t${at}","inputSchema":${schema}}`);
  const text = listOf(...tools);
  expect(text.length).toBeGreaterThan(12 * MIB);
  const server = await hostile((response, asked) => sendJson(response, resultOf(asked, text)));
  const client = await gateway(server.entry('hostile'), { discoveryTimeoutMs: 20_000 });
  const stalls = monitorEventLoopDelay({ resolution: 10 });
  stalls.enable();
  const names = await healthyNames(client);
  stalls.disable();
  expect(names.length).toBeGreaterThan(500);
  expect(stalls.max / 1e6).toBeLessThan(1_000);
});
