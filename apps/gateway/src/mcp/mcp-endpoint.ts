import type { McpHandlerRequestOptions, McpHttpHandler, McpServerFactory } from '@modelcontextprotocol/server';
import { createMcpHandler, InMemoryServerEventBus } from '@modelcontextprotocol/server';

/** How many streams of changes one gateway has open at once, and a node. */
const GATEWAY_STREAMS_MAX = 64;
const STREAMS_MAX = 1_024;

/** What answers the streams of one gateway. */
interface Streams {
  readonly handler: McpHttpHandler;
  readonly bus: InMemoryServerEventBus;
  /** Requests that may become streams yet. */
  opening: number;
}

/** What an endpoint is made of. */
export interface McpEndpointOptions {
  readonly serve: McpServerFactory;
  readonly onerror: (error: Error) => void;
}

/**
 * Answers MCP over HTTP: streams, on which clients hear of changed lists, apart from everything else. So they are counted
 * by gateway, and can be ended while calls go on.
 */
export class McpEndpoint {
  readonly #options: McpEndpointOptions;
  readonly #calls: McpHttpHandler;
  readonly #streams: Map<string, Streams> = new Map();
  #isEnding = false;

  constructor(options: McpEndpointOptions) {
    this.#options = options;
    const { serve, onerror } = options;
    this.#calls = createMcpHandler(serve, { onerror, maxSubscriptions: 0 });
  }

  /** The answer to a request whose key is known: `authInfo` says of which gateway it is. */
  fetch(request: Request, options: McpHandlerRequestOptions): Promise<Response> {
    const isStream = request.headers.get('mcp-method') === 'subscriptions/listen';
    return isStream ? this.#openStream(request, options) : this.#calls.fetch(request, options);
  }

  /** Tells everyone who listens that tool lists may have changed. */
  toolsChanged(): void {
    for (const { handler } of this.#streams.values()) handler.notify.toolsChanged();
  }

  /** Ends the streams, as their clients expect it; one that is opened from now on ends at once. */
  async endStreams(): Promise<void> {
    this.#isEnding = true;
    await Promise.all([...this.#streams.values()].map(({ handler }) => handler.close()));
  }

  /** Ends the streams, and breaks off what is under way. */
  async close(): Promise<void> {
    await Promise.all([this.endStreams(), this.#calls.close()]);
  }

  async #openStream(request: Request, options: McpHandlerRequestOptions): Promise<Response> {
    if (this.#isEnding) return this.#endedStream(request, options);
    const streams = this.#streamsOf(options.authInfo?.clientId ?? '');
    if (streams === undefined) return tooMany();
    streams.opening++;
    try {
      return await streams.handler.fetch(request, options);
    } finally {
      streams.opening--;
    }
  }

  async #endedStream(request: Request, options: McpHandlerRequestOptions): Promise<Response> {
    const { serve, onerror } = this.#options;
    const handler = createMcpHandler(serve, { onerror });
    const response = await handler.fetch(request, options);
    await handler.close();
    return response;
  }

  /** Those of a gateway; undefined where there are too many of all. */
  #streamsOf(gateway: string): Streams | undefined {
    let open = 0;
    for (const [id, { bus, opening }] of this.#streams) {
      open += bus.listenerCount + opening;
      if (bus.listenerCount + opening === 0) this.#streams.delete(id);
    }
    if (open >= STREAMS_MAX) return undefined;
    const known = this.#streams.get(gateway);
    if (known !== undefined) return known;
    const { serve, onerror } = this.#options;
    const bus = new InMemoryServerEventBus(onerror);
    const handler = createMcpHandler(serve, { onerror, bus, maxSubscriptions: GATEWAY_STREAMS_MAX });
    const streams = { handler, bus, opening: 0 };
    this.#streams.set(gateway, streams);
    return streams;
  }
}

function tooMany(): Response {
  const error = { code: -32000, message: 'This node has as many streams open as it takes; ask another one' };
  return Response.json(
    { jsonrpc: '2.0', error, id: null },
    { status: 503, headers: { Connection: 'close', 'Retry-After': '5' } },
  );
}
