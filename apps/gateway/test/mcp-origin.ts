import type { Server as HttpServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import type { CacheHint, CallToolResult, McpHttpHandler, Tool } from '@modelcontextprotocol/server';
import { createMcpHandler, Server } from '@modelcontextprotocol/server';
import type { ServerEntry } from './harness.ts';

/** A page of a tool list, as a server sends it. */
interface Page {
  readonly tools: readonly (string | Tool)[];
  readonly nextCursor?: string;
  /** How long this page may be kept. Default: as all of them. */
  readonly ttlMs?: number;
}

/** What a call answers: a text, or a whole result. */
type CalledResult = string | CallToolResult;

/** How an origin behaves; may be changed while it runs. */
export interface OriginBehaviour {
  /** The page for a cursor. */
  page(cursor: string | undefined): Page | Promise<Page>;
  call(name: string, signal: AbortSignal): CalledResult | Promise<CalledResult>;
  /** What a request is answered that is not let in; undefined: it is. */
  refusal(request: Request): Response | undefined | Promise<Response | undefined>;
  /** How long the list may be kept. The SDK's servers say 0 where nobody says anything: ask each time. */
  hint: CacheHint;
}

/** A real MCP server over HTTP, in this process, whose faults a test decides. */
export class Origin {
  readonly behaviour: OriginBehaviour;
  readonly #handler: McpHttpHandler;
  #http: HttpServer | undefined;
  #port = 0;
  /** How many pages it was asked for. */
  pagesAsked = 0;

  constructor(behaviour: Partial<OriginBehaviour> = {}) {
    this.behaviour = {
      page: () => ({ tools: ['echo'] }),
      call: (name) => `called ${name}`,
      refusal: () => undefined,
      hint: { ttlMs: 3_600_000, cacheScope: 'private' },
      ...behaviour,
    };
    this.#handler = createMcpHandler(() => this.#server());
  }

  /** Listens; again on its old port after `stop`. */
  async start(): Promise<this> {
    const answer = async (request: Request): Promise<Response> =>
      (await this.behaviour.refusal(request)) ?? this.#handler.fetch(request);
    const http = createAdaptorServer({ fetch: answer }) as HttpServer;
    this.#http = http;
    await new Promise<void>((resolve) => http.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (http.address() as AddressInfo).port;
    return this;
  }

  /** Refuses connections from here on. */
  async stop(): Promise<void> {
    const http = this.#http;
    this.#http = undefined;
    if (http === undefined) return;
    const ended = new Promise<void>((resolve) => http.close(() => resolve()));
    http.closeAllConnections();
    await ended;
  }

  /** Tells every client that listens that the tools have changed. */
  toolsChanged(): void {
    this.#handler.notify.toolsChanged();
  }

  /** This origin as a server in a configuration. */
  entry(name: string): ServerEntry {
    return { server_name: name, config: { url: `http://127.0.0.1:${this.#port}/mcp` } };
  }

  #server(): Server {
    const server = new Server(
      { name: 'origin', version: '1.0.0' },
      { capabilities: { tools: { listChanged: true } }, cacheHints: { 'tools/list': this.behaviour.hint } },
    );
    server.setRequestHandler('tools/list', async (request) => {
      this.pagesAsked++;
      const { tools, ...rest } = await this.behaviour.page(request.params?.cursor);
      return { tools: tools.map((listed) => (typeof listed === 'string' ? tool(listed) : listed)), ...rest };
    });
    server.setRequestHandler('tools/call', async (request, context) => {
      const called = await this.behaviour.call(request.params.name, context.mcpReq.signal);
      return typeof called === 'string' ? { content: [{ type: 'text', text: called }] } : called;
    });
    return server;
  }
}

function tool(name: string): Tool {
  return { name, description: `the tool ${name}`, inputSchema: { type: 'object' } };
}
