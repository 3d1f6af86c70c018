import type { JSONRPCMessage, Server, Transport } from '@modelcontextprotocol/server';
import { metrics } from '@opentelemetry/api';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { expect, it } from 'vitest';
import { McpOperations } from './mcp-operations.ts';

class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {
    // It is asked.
  }

  protected override async onShutdown(): Promise<void> {
    // There is nothing to end.
  }
}

it('error codes that a server makes up are one kind of failure', async () => {
  const reader = new Reader();
  metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));
  const transport: Transport = { start: async () => {}, send: async () => {}, close: async () => {} };
  const server = new McpOperations().observe({ connect: async () => {} } as unknown as Server);
  await server.connect(transport);
  for (let id = 0; id < 100; id++) {
    transport.onmessage?.({ jsonrpc: '2.0', id, method: 'tools/call', params: { name: 'tool' } } as JSONRPCMessage);
    await transport.send({ jsonrpc: '2.0', id, error: { code: id === 0 ? -32_603 : id, message: '' } });
  }
  const { scopeMetrics } = (await reader.collect()).resourceMetrics;
  const told = scopeMetrics.flatMap(({ metrics: all }) =>
    all.flatMap(({ dataPoints }) => [...dataPoints].map(({ attributes }) => attributes['error.type'])),
  );
  expect(told).toEqual(['-32603', '_OTHER']);
  metrics.disable();
});
