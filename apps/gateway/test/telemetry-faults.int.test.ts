import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort, OtlpReceiver, waitFor } from '@lockstep/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { TestClient } from './harness.ts';
import { configText, connectClient } from './harness.ts';
import type { NodeProcess } from './node-process.ts';
import { startProcess } from './node-process.ts';

const QUEUE_MAX = 64;
const BATCH_MAX = 32;
/** More spans than the queue and the batches on their way hold together. */
const CALLS = 400;
const AT_ONCE = 8;
const LOST = 'spans are lost: the collector does not take them, or not fast enough';
const SECRET_HEADER = 'planted-header-of-the-collector';

let folder: string;
let receiver: OtlpReceiver;
let running: NodeProcess[];

beforeEach(async () => {
  running = [];
  [folder, receiver] = await Promise.all([mkdtemp(join(tmpdir(), 'lockstep-gateway-')), OtlpReceiver.start()]);
});

afterEach(async () => {
  for (const { child, exited } of running) {
    child.kill('SIGKILL');
    await exited;
  }
  await receiver.stop();
  await rm(folder, { recursive: true, force: true });
});

async function start(environment: Record<string, string>): Promise<NodeProcess> {
  const file = join(folder, 'gateway.json');
  await writeFile(file, configText([], { logLevel: 'debug' }));
  const node = startProcess(['--config', file], {
    OTEL_METRICS_EXPORTER: 'prometheus',
    OTEL_EXPORTER_PROMETHEUS_PORT: '0',
    OTEL_EXPORTER_OTLP_HEADERS: `authorization=Bearer%20${SECRET_HEADER}`,
    ...environment,
  });
  running.push(node);
  return node;
}

/** Traces that go to a collector, by way of a small queue. */
const tracing = (endpoint: string, protocol: string): Record<string, string> => ({
  OTEL_TRACES_EXPORTER: 'otlp',
  OTEL_EXPORTER_OTLP_ENDPOINT: endpoint,
  OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
  OTEL_BSP_MAX_QUEUE_SIZE: String(QUEUE_MAX),
  OTEL_BSP_MAX_EXPORT_BATCH_SIZE: String(BATCH_MAX),
  OTEL_BSP_SCHEDULE_DELAY: '10',
});

async function metrics(node: NodeProcess): Promise<string> {
  const url = /"scrapeUrl":"([^"]+)"/.exec(node.stdout())?.[1] ?? '';
  return (await fetch(url)).text();
}

/** The sum of the samples of a metric whose labels have this. */
function sum(text: string, name: string, label = ''): number {
  const samples = text.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(label));
  return samples.reduce((total, line) => total + Number(line.split(' ').at(-1)), 0);
}

/** Calls a tool many times; answers how many brought something. */
async function callOften(client: TestClient): Promise<number> {
  let answered = 0;
  const caller = async (): Promise<void> => {
    for (let call = 0; call < CALLS / AT_ONCE; call++) {
      if ((await client.call('enkrypt_get_cache_status')).status === 'success') answered++;
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, caller));
  return answered;
}

const lines = (node: NodeProcess, message: string): number => node.stdout().split(message).length - 1;

describe.each([
  ['is away', 'http/protobuf', 200],
  ['takes connections and never answers', 'http/protobuf', 'never'],
  ['takes calls and never answers', 'grpc', 'never'],
  ['answers 503 for ever', 'http/protobuf', 503],
  ['answers 429 for ever', 'http/json', 429],
  ['answers UNAVAILABLE for ever', 'grpc', 503],
] as const)('a collector that %s (%s)', (fault, protocol, answer) => {
  it('holds back no request and no memory; what is lost is counted, and told once; the node leaves all the same', async () => {
    receiver.answer = answer;
    const away = `http://127.0.0.1:${await freePort()}`;
    const there = protocol === 'grpc' ? receiver.grpcUrl : receiver.url;
    const node = await start(tracing(fault === 'is away' ? away : there, protocol));
    const client = await connectClient(await node.listening());
    expect(await callOften(client)).toBe(CALLS);
    // Each call has a span of HTTP and one of MCP at least: most of them have no place.
    const text = await waitFor(
      async () => {
        const read = await metrics(node);
        return sum(read, 'otel_sdk_processor_span_processed_total', 'error_type=') > CALLS && read;
      },
      { what: 'the lost spans to be counted' },
    );
    expect(sum(text, 'otel_sdk_processor_span_processed_total')).toBe(
      sum(text, 'otel_sdk_processor_span_processed_total', 'error_type='),
    );
    expect(sum(text, 'otel_sdk_processor_span_queue_capacity')).toBe(QUEUE_MAX);
    expect(sum(text, 'otel_sdk_processor_span_queue_size')).toBeLessThanOrEqual(QUEUE_MAX);
    expect(lines(node, LOST)).toBe(1);
    await client.close();
    node.child.kill('SIGTERM');
    expect(await node.exited).toBe(0);
    expect(node.stdout()).toContain('"msg":"left"');
    expect(node.stdout() + node.stderr()).not.toContain(SECRET_HEADER);
  });
});

it('a collector that fails each time is sent no more at once than the queue holds, and one batch', async () => {
  receiver.answer = 'never';
  const node = await start({ ...tracing(receiver.url, 'http/protobuf'), OTEL_EXPORTER_OTLP_TIMEOUT: '100' });
  const client = await connectClient(await node.listening());
  while (receiver.requests.length < 60) await callOften(client);
  expect(receiver.underWayMost).toBeLessThanOrEqual(QUEUE_MAX / BATCH_MAX + 1);
  await client.close();
});

it('a collector that takes spans again gets them', async () => {
  receiver.answer = 503;
  const node = await start(tracing(receiver.url, 'http/protobuf'));
  const client = await connectClient(await node.listening());
  await waitFor(() => receiver.requests.length > 0, { what: 'a refusal' });
  expect(receiver.requests[0]?.headers['authorization']).toBe(`Bearer ${SECRET_HEADER}`);
  receiver.answer = 200;
  await client.call('enkrypt_get_cache_status');
  await receiver.span(({ name }) => name === 'tools/call enkrypt_get_cache_status', 'a call');
  await client.close();
});

it('what is left is sent when the node leaves', async () => {
  const node = await start({ ...tracing(receiver.url, 'http/protobuf'), OTEL_BSP_SCHEDULE_DELAY: '600000' });
  const client = await connectClient(await node.listening());
  await client.call('enkrypt_get_cache_status');
  await client.close();
  expect(receiver.spans).toEqual([]);
  node.child.kill('SIGTERM');
  expect(await node.exited).toBe(0);
  expect(receiver.spans.map(({ name }) => name)).toContain('tools/call enkrypt_get_cache_status');
  expect(node.stdout()).not.toContain('could not be sent in time');
});

describe('wrong OTEL_* variables', () => {
  it('that say where telemetry goes: the node does not start, exit code 2, and each problem is named', async () => {
    const node = await start({
      OTEL_TRACES_EXPORTER: 'otpl',
      OTEL_METRICS_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'grcp',
      OTEL_EXPORTER_OTLP_ENDPOINT: 'me:planted-password@collector',
    });
    expect(await node.exited).toBe(2);
    expect(node.stdout()).toBe('');
    for (const variable of ['OTEL_TRACES_EXPORTER', 'OTEL_EXPORTER_OTLP_PROTOCOL', 'OTEL_EXPORTER_OTLP_ENDPOINT']) {
      expect(node.stderr()).toContain(`${variable}\n    got: `);
    }
    expect(node.stderr()).not.toContain('planted');
  });

  it('that say how it is done: the log names each, and the node goes on with defaults', async () => {
    const wrong: Readonly<Record<string, string>> = {
      OTEL_TRACES_SAMPLER: 'sometimes',
      OTEL_PROPAGATORS: 'tracecontext,planetary',
      OTEL_BSP_SCHEDULE_DELAY: 'soon',
      OTEL_BSP_EXPORT_TIMEOUT: '-5',
      OTEL_EXPORTER_OTLP_TIMEOUT: 'ten',
      OTEL_EXPORTER_OTLP_COMPRESSION: 'zip',
      OTEL_NODE_RESOURCE_DETECTORS: 'moon',
      OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT: 'many',
      OTEL_LOGS_EXPORTER: 'otlp',
    };
    const node = await start({ ...tracing(receiver.url, 'http/protobuf'), ...wrong });
    const client = await connectClient(await node.listening());
    for (const variable of Object.keys(wrong)) expect(node.stdout()).toContain(variable);
    await client.call('enkrypt_get_cache_status');
    await receiver.span(({ name }) => name === 'POST /mcp', 'a request');
    await client.close();
  });

  it('a port for metrics that is taken: the node does not start, exit code 1, and says what to set', async () => {
    const taken = createServer();
    await new Promise<void>((resolve) => taken.listen(0, 'localhost', resolve));
    const { port } = taken.address() as { readonly port: number };
    const node = await start({ OTEL_EXPORTER_PROMETHEUS_PORT: String(port) });
    expect(await node.exited).toBe(1);
    await new Promise((resolve) => taken.close(resolve));
    expect(node.stderr()).toContain(
      `This node cannot start: the address for metrics, localhost:${port}, is taken by another process: set OTEL_EXPORTER_PROMETHEUS_PORT`,
    );
  });
});

it('without any OTEL_* variable nothing of the SDK is loaded, and no port is opened', async () => {
  const file = join(folder, 'gateway.json');
  await writeFile(file, configText([], { logLevel: 'info' }));
  const hook = `import { registerHooks } from 'node:module';
    registerHooks({ load: (url, context, next) => (process.stderr.write(url + '\\n'), next(url, context)) });`;
  const node = startProcess(['--config', file], {
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(hook)}`,
    OTEL_SERVICE_NAME: 'alone',
  });
  running.push(node);
  await node.listening();
  expect(node.stdout()).not.toContain('telemetry');
  expect(node.stderr()).toMatch(/src\/telemetry\/settings\.ts/);
  expect(node.stderr()).not.toMatch(/@opentelemetry\/(sdk|exporter|core|resources)|telemetry\/sdk\.ts/);
});
