import type { ServerConnection, ServerDefinition } from '@lockstep/config';
import type { DiscoveredTools } from '@lockstep/gateway-cache';
import type {
  CallToolResult,
  Progress,
  RequestOptions,
  Tool,
  Transport,
  VersionNegotiationOptions,
} from '@modelcontextprotocol/client';
import { Client, ProtocolError, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import { context, ROOT_CONTEXT } from '@opentelemetry/api';
import type { TokenSource } from '../oauth/authorized-fetch.ts';
import { authorizedFetch } from '../oauth/authorized-fetch.ts';
import type { OutgoingRequest } from '../telemetry/upstream-calls.ts';
import { tracedFetch, UpstreamCalls } from '../telemetry/upstream-calls.ts';
import { boundedFetch } from './bounded-fetch.ts';
import type { ExchangeOptions } from './exchange.ts';
import { checkPages, exchange } from './exchange.ts';
import { DEPTH_MAX, isWithinDepth, ListCheck } from './list-check.ts';
import type { PageHints } from './list-hints.ts';
import { ListHints } from './list-hints.ts';
import { ServerProcess } from './server-process.ts';
import { lineTooLong, translateError } from './translate-error.ts';
import { UpstreamError } from './upstream-error.ts';

const PAGES_MAX = 64;
const END_SESSION_MS_MAX = 1_000;
/** A stream that ends is opened again, when its server says so, but not more often, or later, than this. */
const REOPEN_MS = { least: 1_000, most: 30_000 };
const CLIENT_INFO = { name: 'lockstep-gateway', version: '0.1.0' };

/**
 * The handshakes to try, in order. A local process gets the one that nearly every server knows: probing would start
 * each server twice. A remote one is asked what it speaks.
 */
const HANDSHAKES: Readonly<Record<ServerConnection['kind'], readonly VersionNegotiationOptions[]>> = {
  stdio: [{ mode: 'legacy' }, { mode: { pin: '2026-07-28' } }],
  http: [{ mode: 'auto' }],
};

/** What opening a connection needs besides the server. */
export interface ConnectOptions {
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
  /** The most bytes of one answer. */
  readonly responseBytesMax: number;
  /** Where the access tokens come from that the server is sent; undefined: it is sent none. */
  readonly tokens: TokenSource | undefined;
  /** Called when the server says that its tools have changed. */
  readonly onToolsChanged: () => void;
  /** Called once, when the connection is gone. */
  readonly onClosed: (connection: Connection) => void;
  /** Takes over what still has to end after a failed handshake: a process that must be stopped. */
  readonly onAbandoned: (ended: Promise<void>) => void;
}

/** A tool list as the server sent it, every page of it. */
export type ListedTools = DiscoveredTools<Tool>;

/** A call of one tool; `tool` is its definition, where it is known. */
export interface ToolCall {
  readonly name: string;
  readonly args: Record<string, unknown>;
  readonly tool: Tool | undefined;
  /** Called with what the server tells of its progress; undefined: it is not asked to. */
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/** One open session with an MCP server: over the pipes of a process of its own, or over HTTP. */
export class Connection {
  readonly #client: Client;
  readonly #transport: Transport;
  readonly #limits: { readonly server: string; readonly bytesMax: number };
  /** What the pages of the lists that are being read say, by the options that the reading began with. */
  readonly #reading: WeakMap<RequestOptions, ListHints> = new WeakMap();
  /** How often the server said, on this connection, that its tools have changed. */
  toolChanges = 0;

  private constructor(client: Client, transport: Transport, limits: { server: string; bytesMax: number }) {
    this.#client = client;
    this.#transport = transport;
    this.#limits = limits;
  }

  /** Starts or reaches the server and shakes hands; rejects with an `UpstreamError`. */
  static async open(definition: ServerDefinition, options: ConnectOptions): Promise<Connection> {
    const handshakes = HANDSHAKES[definition.connection.kind];
    for (const [attempt, handshake] of handshakes.entries()) {
      try {
        return await Connection.#attempt(definition, handshake, options);
      } catch (error) {
        const cause = error instanceof UpstreamError ? error.cause : error;
        if (!(cause instanceof ProtocolError) || attempt + 1 === handshakes.length) throw error;
      }
    }
    throw new Error('no handshake to try');
  }

  static async #attempt(
    definition: ServerDefinition,
    versionNegotiation: VersionNegotiationOptions,
    options: ConnectOptions,
  ): Promise<Connection> {
    const { timeoutMs, signal, onToolsChanged, onClosed, onAbandoned } = options;
    const client = new Client(CLIENT_INFO, { versionNegotiation, listMaxPages: PAGES_MAX });
    const transport = openTransport(definition, options);
    const opened = new Connection(client, transport, { server: definition.name, bytesMax: options.responseBytesMax });
    const calls = new UpstreamCalls(definition);
    opened.#watchRequests(calls);
    client.setNotificationHandler('notifications/tools/list_changed', () => {
      opened.toolChanges++;
      // The connection may have been opened for a request that was answered long ago: this is no part of it.
      context.with(ROOT_CONTEXT, onToolsChanged);
    });
    try {
      const shake = () => client.connect(transport, { timeout: timeoutMs, signal });
      await calls.connect(shake, () => client.getProtocolEra());
    } catch (error) {
      onAbandoned(opened.close());
      throw translateError(
        definition.name,
        error,
        transport instanceof ServerProcess ? transport.output.text() : undefined,
      );
    }
    client.onclose = () => {
      onClosed(opened);
    };
    client.onerror = (error) => {
      if (transport instanceof ServerProcess) transport.failed(error);
    };
    checkPages(transport);
    opened.#listenForChanges();
    return opened;
  }

  /** Every page of the tool list; a server without tools has an empty one. */
  async listTools(timeoutMs: number, signal: AbortSignal): Promise<ListedTools> {
    if (this.#client.getServerCapabilities()?.tools === undefined) return { tools: [] };
    const hints = new ListHints(() => performance.now());
    const check = new ListCheck(this.#limits);
    const { tools } = await this.#exchange({ signal, checkPage: (page) => check.page(page) }, (until) => {
      const options = { cacheMode: 'bypass', timeout: timeoutMs, signal: until } as const;
      this.#reading.set(options, hints);
      return this.#client.listTools(undefined, options);
    });
    return { tools, hintMs: hints.hintMs, cacheScope: hints.cacheScope };
  }

  /** Calls a tool, whose definition is `tool` where it is known. A failed tool is an answer, not a rejection. */
  async callTool(call: ToolCall, timeoutMs: number, signal: AbortSignal): Promise<CallToolResult> {
    const { name, args, tool, onProgress } = call;
    const options = {
      timeout: timeoutMs,
      maxTotalTimeout: timeoutMs,
      ...(tool !== undefined && { toolDefinition: tool }),
      ...(onProgress !== undefined && { onprogress: onProgress }),
    };
    const result = await this.#exchange({ signal }, (until) =>
      this.#client.callTool({ name, arguments: args }, { ...options, signal: until }),
    );
    if (isWithinDepth(result, DEPTH_MAX)) return result;
    throw new UpstreamError('unusable', `${this.#limits.server} sent a result nested deeper than ${DEPTH_MAX}`);
  }

  /** Ends the session and, for stdio, the process. Bounded in time; never rejects. */
  async close(): Promise<void> {
    this.#client.onclose = () => undefined;
    if (this.#transport instanceof StreamableHTTPClientTransport) {
      const ended = this.#transport.terminateSession().catch(() => undefined);
      await Promise.race([ended, new Promise((resolve) => setTimeout(resolve, END_SESSION_MS_MAX).unref())]);
    }
    await this.#client.close().catch(() => undefined);
    // A handshake that failed leaves the transport to its owner.
    await this.#transport.close().catch(() => undefined);
  }

  /** An exchange with the server. One with a process that sends too long a line is refused with that, at once. */
  async #exchange<R>({ signal, ...options }: ExchangeOptions, run: (until: AbortSignal) => Promise<R>): Promise<R> {
    if (!(this.#transport instanceof ServerProcess)) return exchange({ signal, ...options }, run);
    const { overflow } = this.#transport;
    try {
      return await exchange({ ...options, signal: AbortSignal.any([signal, overflow]) }, run);
    } catch (cause) {
      if (!overflow.aborted) throw cause;
      const { server, bytesMax } = this.#limits;
      throw lineTooLong(server, bytesMax, cause);
    }
  }

  /** Has each request traced, and looks at its answer: of a list that the client has put together it tells the first page's hints. */
  #watchRequests(calls: UpstreamCalls): void {
    const ask = this.#client.request.bind(this.#client) as Ask;
    const watched: Ask = async (request, ...rest) => {
      const result = await calls.request(request, (traced) => ask(traced, ...rest));
      for (const options of rest) this.#reading.get(options)?.arrived(result);
      return result;
    };
    this.#client.request = watched as Client['request'];
  }

  /** Since 2026-07-28 a server speaks of changes only to those who listen. Without it, the list's time runs out. */
  #listenForChanges(): void {
    const wanted = this.#client.getServerCapabilities()?.tools?.listChanged === true;
    if (!wanted || this.#client.getProtocolEra() !== 'modern') return;
    this.#client.listen({ toolsListChanged: true }).catch(() => undefined);
  }
}

/** A client's `request`, whatever it asks for. */
type Ask = (request: OutgoingRequest, ...rest: RequestOptions[]) => Promise<PageHints>;

function openTransport({ name, connection }: ServerDefinition, options: ConnectOptions): Transport {
  const { tokens, responseBytesMax: bytesMax } = options;
  if (connection.kind === 'stdio') return new ServerProcess(connection, bytesMax);
  const url = new URL(connection.url);
  const inner = tokens === undefined ? fetch : authorizedFetch(url, tokens);
  return new StreamableHTTPClientTransport(url, {
    requestInit: { headers: { ...connection.headers } },
    fetch: tracedFetch(boundedFetch({ server: name, bytesMax, inner })),
    reconnectionScheduler: (reopen, delayMs) => {
      const timer = setTimeout(reopen, Math.max(REOPEN_MS.least, Math.min(delayMs, REOPEN_MS.most)));
      return () => clearTimeout(timer);
    },
  });
}
