import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { CallToolResult, ContentBlock, Tool } from '@modelcontextprotocol/server';
import { createMcpHandler, Server } from '@modelcontextprotocol/server';
import type { ServerEntry } from './harness.ts';

const PIXEL = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg==';
const TEXT: ContentBlock = { type: 'text', text: 'This is a simple text response for testing.' };
const IMAGE: ContentBlock = { type: 'image', data: PIXEL, mimeType: 'image/png' };
const AUDIO: ContentBlock = { type: 'audio', data: 'UklGRiQAAABXQVZFZm10IBAAAAABAAEA', mimeType: 'audio/wav' };
const RESOURCE: ContentBlock = {
  type: 'resource',
  resource: { uri: 'test://embedded-resource', mimeType: 'text/plain', text: 'This is an embedded resource content.' },
};
const RESULTS: Readonly<Record<string, CallToolResult>> = {
  test_simple_text: { content: [TEXT] },
  test_image_content: { content: [IMAGE] },
  test_audio_content: { content: [AUDIO] },
  test_embedded_resource: { content: [RESOURCE] },
  test_multiple_content_types: { content: [TEXT, IMAGE, RESOURCE] },
  test_error_handling: { content: [TEXT], isError: true },
  test_tool_with_progress: { content: [TEXT] },
  json_schema_2020_12_tool: { content: [TEXT] },
};
const SCHEMA_2020: Tool['inputSchema'] = {
  $schema: 'https://json-schema.org/draft/2020-12/schema',
  type: 'object',
  $defs: { address: { type: 'object', properties: { street: { type: 'string' }, city: { type: 'string' } } } },
  properties: { name: { type: 'string' }, address: { $ref: '#/$defs/address' } },
  additionalProperties: false,
};

/** An MCP server with the tools that the conformance suite wants to call. */
export class ConformanceOrigin {
  #http: HttpServer | undefined;

  async start(): Promise<this> {
    const mcp = createMcpHandler(buildServer);
    const http = createAdaptorServer({ fetch: (request: Request) => mcp.fetch(request) }) as HttpServer;
    this.#http = http;
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    return this;
  }

  async stop(): Promise<void> {
    this.#http?.closeAllConnections();
    await new Promise((resolve) => this.#http?.close(resolve));
  }

  entry(name: string): ServerEntry {
    const address = this.#http?.address() as AddressInfo | undefined;
    return { server_name: name, config: { url: `http://127.0.0.1:${address?.port}/mcp` } };
  }
}

function buildServer(): Server {
  const server = new Server({ name: 'conformance', version: '1.0.0' }, { capabilities: { tools: {} } });
  server.setRequestHandler('tools/list', () => ({ tools: Object.keys(RESULTS).map(tool) }));
  server.setRequestHandler('tools/call', async ({ params }, { mcpReq }) => {
    const { progressToken } = mcpReq._meta ?? {};
    if (params.name === 'test_tool_with_progress' && progressToken !== undefined) {
      for (const progress of [0, 50, 100]) {
        await mcpReq.notify({ method: 'notifications/progress', params: { progressToken, progress, total: 100 } });
      }
    }
    return RESULTS[params.name] ?? { content: [], isError: true };
  });
  return server;
}

function tool(name: string): Tool {
  const inputSchema: Tool['inputSchema'] = name.startsWith('json_schema') ? SCHEMA_2020 : { type: 'object' };
  return { name, description: `Is called for ${name}`, inputSchema };
}
