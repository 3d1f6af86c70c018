import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ReceivedSpan } from '@lockstep/testkit';
import { OtlpReceiver } from '@lockstep/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { configText, connectClient } from './harness.ts';
import { Origin } from './mcp-origin.ts';
import type { NodeProcess } from './node-process.ts';
import { startProcess } from './node-process.ts';

const SERVER = 2;
const CLIENT = 3;
const CALLER = { traceId: '0af7651916cd43dd8448eb211c80319c', spanId: 'b7ad6b7169203331' };

let folder: string;
let receiver: OtlpReceiver;
let origin: Origin;
let heard: Headers[];
let running: NodeProcess[];

beforeEach(async () => {
  heard = [];
  running = [];
  const refusal = (request: Request): undefined => {
    heard.push(request.headers);
  };
  folder = await mkdtemp(join(tmpdir(), 'lockstep-gateway-'));
  [receiver, origin] = await Promise.all([OtlpReceiver.start(), new Origin({ refusal }).start()]);
});

afterEach(async () => {
  for (const { child, exited } of running) {
    child.kill('SIGKILL');
    await exited;
  }
  await Promise.all([receiver.stop(), origin.stop()]);
  await rm(folder, { recursive: true, force: true });
});

async function start(environment: Record<string, string>): Promise<NodeProcess> {
  const file = join(folder, 'gateway.json');
  await writeFile(file, configText([origin.entry('one')], { logLevel: 'info' }));
  const node = startProcess(['--config', file], { OTEL_BSP_SCHEDULE_DELAY: '50', ...environment });
  running.push(node);
  return node;
}

const named = (name: string, kind: number) => (span: ReceivedSpan) => span.name === name && span.kind === kind;

describe.each([
  ['http/protobuf', () => receiver.url],
  ['http/json', () => receiver.url],
  ['grpc', () => receiver.grpcUrl],
])('a node that sends OTLP over %s', (protocol, endpoint) => {
  it('sends the spans of a request, from the client that asks to the server that is asked', async () => {
    const node = await start({ OTEL_EXPORTER_OTLP_ENDPOINT: endpoint(), OTEL_EXPORTER_OTLP_PROTOCOL: protocol });
    const client = await connectClient(await node.listening());
    const traceparent = `00-${CALLER.traceId}-${CALLER.spanId}-01`;
    await client.client.request({ method: 'tools/list', params: { _meta: { traceparent, baggage: 'user=ada' } } });
    const operation = await receiver.span(
      (span) => named('tools/list', SERVER)(span) && span.traceId === CALLER.traceId,
      'the list',
    );
    expect(operation).toMatchObject({
      parentSpanId: CALLER.spanId,
      attributes: { 'mcp.method.name': 'tools/list', 'network.transport': 'tcp' },
      resource: {
        'service.name': 'lockstep-gateway',
        'service.version': '0.1.0',
        'service.instance.id': expect.any(String),
      },
    });
    const [carries] = operation.links;
    const request = await receiver.span(({ spanId }) => spanId === carries?.spanId, 'the HTTP request');
    expect(request).toMatchObject({
      name: 'POST /mcp',
      kind: SERVER,
      attributes: { 'http.request.method': 'POST', 'http.route': '/mcp', 'http.response.status_code': 200 },
    });
    const asked = await receiver.span(named('tools/list', CLIENT), 'the question to the server');
    expect(asked).toMatchObject({
      traceId: CALLER.traceId,
      attributes: { 'mcp.method.name': 'tools/list', 'lockstep.server.name': 'one', 'server.address': '127.0.0.1' },
    });
    const told = heard.find((headers) => headers.get('mcp-method') === 'tools/list');
    expect(told?.get('traceparent')).toBe(`00-${asked.traceId}-${asked.spanId}-01`);
    expect(heard.flatMap((headers) => [headers.get('baggage'), headers.get('tracestate')])).toEqual(
      heard.flatMap(() => [null, null]),
    );
    const line =
      node
        .stdout()
        .split('\n')
        .find((written) => written.includes('connected to an MCP server')) ?? '{}';
    expect(JSON.parse(line)).toMatchObject({ trace_id: CALLER.traceId, trace_flags: '01' });
    await client.close();
    node.child.kill('SIGTERM');
    expect(await node.exited).toBe(0);
  });
});
