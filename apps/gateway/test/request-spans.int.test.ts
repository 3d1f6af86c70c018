import { waitFor } from '@lockstep/testkit';
import type { Span } from '@opentelemetry/api';
import { SpanKind } from '@opentelemetry/api';
import type { ReadableSpan } from '@opentelemetry/sdk-trace';
import type { Logger } from 'pino';
import { pino } from 'pino';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { traceIds } from '../src/telemetry/trace-ids.ts';
import type { GatewayNode } from '../src/wiring.ts';
import { adminText, adminUrl, bearer } from './admin-harness.ts';
import type { TestClient } from './harness.ts';
import { connectClient, KEY, npmServer, startTestNode } from './harness.ts';
import { Origin } from './mcp-origin.ts';
import { RecordedTelemetry } from './recorded-telemetry.ts';

const CALLER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };
const TRACEPARENT = `00-${CALLER.traceId}-${CALLER.spanId}-01`;
const BAGGAGE = 'user=planted-baggage';

let telemetry: RecordedTelemetry;
let origin: Origin;
let node: GatewayNode;
let client: TestClient;
let logged: Record<string, unknown>[];
/** What the origin was sent: headers, and the message. */
let heard: { readonly headers: Headers; readonly message: SentMessage }[];

interface SentMessage {
  readonly method?: string;
  readonly params?: { readonly _meta?: Readonly<Record<string, unknown>> };
}

beforeAll(async () => {
  telemetry = new RecordedTelemetry();
  logged = [];
  heard = [];
  const refusal = async (request: Request): Promise<undefined> => {
    const message = request.method === 'POST' ? ((await request.clone().json()) as SentMessage) : {};
    heard.push({ headers: request.headers, message });
  };
  const call = (name: string): string => {
    if (name === 'breaks') throw new Error('a fault of the tool');
    return `called ${name}`;
  };
  origin = await new Origin({ refusal, call, page: () => ({ tools: ['echo', 'breaks'] }) }).start();
  node = await startTestNode(adminText([origin.entry('one'), npmServer('memory')]), {}, listening());
  client = await connectClient(node.url);
});

beforeEach(() => {
  telemetry.spans.length = 0;
});

afterAll(async () => {
  await client.close();
  await node.close();
  await origin.stop();
  telemetry.stop();
});

/** The log as the gateway makes it. */
function listening(): Logger {
  const write = (line: string) => void logged.push(JSON.parse(line) as Record<string, unknown>);
  return pino({ level: 'debug', mixin: traceIds }, { write });
}

/** Waits for a span that has ended. */
function span(name: string, kind: SpanKind): Promise<ReadableSpan> {
  return waitFor(() => telemetry.spans.find((ended) => ended.name === name && ended.kind === kind), {
    what: `the span ${name}`,
  });
}

const idOf = (ended: ReadableSpan): string => ended.spanContext().spanId;

function rpc(method: string, params: object, headers: Record<string, string> = {}): Promise<Response> {
  const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method, params });
  const accept = 'application/json, text/event-stream';
  const sent = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json', accept, ...headers };
  return fetch(`${node.url}?key=planted-query`, { method: 'POST', body, headers: sent });
}

describe('the spans of a request', () => {
  it('the one of HTTP joins the trace of its header, and is the parent of that of MCP, and this of what it asks for', async () => {
    const answer = await rpc(
      'tools/call',
      { name: 'one__echo', arguments: {} },
      { traceparent: TRACEPARENT, tracestate: 'vendor=planted-state', baggage: BAGGAGE },
    );
    expect(await answer.text()).toContain('called echo');
    const request = await span('POST /mcp', SpanKind.SERVER);
    expect(request.spanContext().traceId).toBe(CALLER.traceId);
    expect(request.parentSpanContext?.spanId).toBe(CALLER.spanId);
    expect(request.attributes).toEqual({
      'http.request.method': 'POST',
      'http.route': '/mcp',
      'http.response.status_code': 200,
      'url.path': '/mcp',
      'url.scheme': 'http',
    });
    const operation = await span('tools/call one__echo', SpanKind.SERVER);
    expect(operation.parentSpanContext?.spanId).toBe(idOf(request));
    expect(operation.attributes).toEqual({
      'mcp.method.name': 'tools/call',
      'gen_ai.tool.name': 'one__echo',
      'gen_ai.operation.name': 'execute_tool',
      'network.transport': 'tcp',
      'network.protocol.name': 'http',
    });
    const lookups = telemetry.spans.filter(({ name }) => name === 'lockstep.lookup');
    const parents = lookups.map(({ parentSpanContext }) => parentSpanContext?.spanId);
    expect(parents).toContain(idOf(operation));
    const asked = await span('tools/call echo', SpanKind.CLIENT);
    expect(asked.parentSpanContext).toMatchObject({ traceId: CALLER.traceId, spanId: idOf(operation) });
    expect(asked.attributes).toMatchObject({
      'mcp.method.name': 'tools/call',
      'lockstep.server.name': 'one',
      'gen_ai.tool.name': 'echo',
      'server.address': '127.0.0.1',
      'network.transport': 'tcp',
    });
  });

  it('a server is told the span that asks, in the header and in _meta, and nothing else of the client', async () => {
    const call = heard.find(({ message }) => message.method === 'tools/call');
    expect(call?.headers.get('traceparent')).toMatch(new RegExp(`^00-${CALLER.traceId}-[0-9a-f]{16}-01$`));
    expect(call?.message.params?._meta?.['traceparent']).toBe(call?.headers.get('traceparent'));
    for (const { headers, message } of heard) {
      const names = [...headers.keys(), ...Object.keys(message.params?._meta ?? {})];
      expect(names.filter((name) => /baggage|tracestate|b3/.test(name))).toEqual([]);
    }
    expect(JSON.stringify(heard.map(({ headers, message }) => [[...headers], message]))).not.toContain('planted');
  });

  it('a server that is a process is told in _meta, and its answers come as before', async () => {
    const result = await client.client.callTool({ name: 'memory__read_graph', arguments: {} });
    expect(result.isError).not.toBe(true);
    const asked = await span('tools/call read_graph', SpanKind.CLIENT);
    expect(asked.attributes).toMatchObject({ 'network.transport': 'pipe', 'lockstep.server.name': 'memory' });
    expect(asked.attributes).not.toHaveProperty('server.address');
  });

  it('a client that names its span in _meta alone is its parent, with a link to the request that carried it', async () => {
    await client.client.request({ method: 'tools/list', params: { _meta: { traceparent: TRACEPARENT } } });
    const operation = await span('tools/list', SpanKind.SERVER);
    const request = await span('POST /mcp', SpanKind.SERVER);
    expect(operation.parentSpanContext).toMatchObject(CALLER);
    expect(operation.links).toMatchObject([{ context: { spanId: idOf(request) } }]);
    expect(request.spanContext().traceId).not.toBe(CALLER.traceId);
  });

  it.each([
    ['a number', 7],
    ['nonsense', 'nonsense'],
    ['all zeros', `00-${'0'.repeat(32)}-${'0'.repeat(16)}-01`],
    ['endless', '0'.repeat(100_000)],
  ])('a traceparent that is %s is none', async (_, traceparent) => {
    const answer = await rpc('tools/list', { _meta: { traceparent } });
    expect(answer.status).toBe(200);
    await answer.text();
    const operation = await span('tools/list', SpanKind.SERVER);
    expect(operation.parentSpanContext?.spanId).toBe(idOf(await span('POST /mcp', SpanKind.SERVER)));
  });

  it('arguments, and names of tools, methods and paths that a client makes up, are in no span and in no metric', async () => {
    await (await rpc('tools/call', { name: 'planted-tool', arguments: { text: 'planted-argument' } })).text();
    await (await rpc('planted/method', {})).text();
    await fetch(new URL('/v1/planted-path?key=planted-query', adminUrl(node)), { headers: bearer('viewer') });
    const refused = await span('tools/call', SpanKind.SERVER);
    expect(refused.attributes).toMatchObject({ 'error.type': '-32602' });
    expect((await span('_OTHER', SpanKind.SERVER)).attributes).toMatchObject({ 'mcp.method.name': '_OTHER' });
    await span('GET', SpanKind.SERVER);
    expect(await telemetry.text()).not.toContain('planted');
  });

  it('a tool that fails is an error of both its spans', async () => {
    await client.client.callTool({ name: 'one__breaks', arguments: {} }).catch(() => undefined);
    const asked = await span('tools/call breaks', SpanKind.CLIENT);
    const operation = await span('tools/call one__breaks', SpanKind.SERVER);
    for (const ended of [asked, operation]) {
      expect(ended.status.code).toBe(2);
      expect(ended.attributes['error.type']).toMatch(/^(tool_error|-\d+)$/);
    }
  });

  it('probes have none, and a stream that lasts leaves none open', async () => {
    const ended = new AbortController();
    const listening = client.client.listen({ toolsListChanged: true });
    await listening;
    const events = await fetch(new URL('/v1/events', adminUrl(node)), {
      headers: bearer('operator'),
      signal: ended.signal,
    });
    expect(events.status).toBe(200);
    for (const path of ['/healthz', '/readyz']) await fetch(new URL(path, node.url));
    await span('GET /v1/events', SpanKind.SERVER);
    await waitFor(() => telemetry.open.size === 0, { what: `no span to be open: ${names(telemetry.open)}` });
    expect(telemetry.spans.filter(({ name }) => /healthz|readyz/.test(JSON.stringify(name)))).toEqual([]);
    ended.abort();
  });
});

const names = (open: ReadonlySet<Span>): string => [...open].map((one) => (one as unknown as ReadableSpan).name).join();

it('a clear by the admin API answers with its trace', async () => {
  const clear = await fetch(new URL('/v1/clear', adminUrl(node)), {
    method: 'POST',
    headers: { ...bearer('operator'), 'content-type': 'application/json', traceparent: TRACEPARENT },
    body: JSON.stringify({ scope: { everything: true }, reason: 'a test of traces' }),
  });
  const request = await span('POST /v1/clear', SpanKind.SERVER);
  expect(clear.headers.get('traceresponse')).toBe(`00-${CALLER.traceId}-${idOf(request)}-01`);
  const cleared = await span('lockstep.clear', SpanKind.INTERNAL);
  expect(cleared.parentSpanContext?.spanId).toBe(idOf(request));
  const line = logged.find(({ msg }) => msg === 'asked by the admin API');
  expect(line).toMatchObject({ trace_id: CALLER.traceId, span_id: idOf(request), trace_flags: '01' });
});

it('with traceLookups off, lookups have no span, and the rest of the trace is there', async () => {
  const quiet = await startTestNode(adminText([origin.entry('one')], { traceLookups: 'off' }));
  const asking = await connectClient(quiet.url);
  telemetry.spans.length = 0;
  await asking.client.listTools();
  await asking.close();
  await quiet.close();
  await span('tools/list', SpanKind.SERVER);
  expect(telemetry.spans.map(({ name }) => name)).not.toContain('lockstep.lookup');
});

it('lines of the log that belong to no request have no trace', () => {
  const line = logged.find(({ msg }) => msg === 'the admin API listens');
  expect(line).toBeDefined();
  expect(line).not.toHaveProperty('trace_id');
});

it('measures requests and operations by route, method and outcome alone', async () => {
  await rpc('tools/list', {}, { authorization: 'Bearer planted-key' });
  const text = await telemetry.metricsText();
  expect(text).toMatch(
    /^http_server_request_duration_seconds_count\{http_request_method="POST",url_scheme="http",http_route="\/mcp",http_response_status_code="401"\} 1$/m,
  );
  expect(text).toMatch(/^mcp_server_operation_duration_seconds_count\{mcp_method_name="tools\/list"\} \d+$/m);
  expect(text).toMatch(
    /^mcp_server_operation_duration_seconds_count\{mcp_method_name="tools\/call",error_type="-32602"\} 1$/m,
  );
});
