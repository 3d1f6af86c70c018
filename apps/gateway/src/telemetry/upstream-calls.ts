import type { ServerDefinition } from '@lockstep/config';
import type { FetchLike } from '@modelcontextprotocol/client';
import { ProtocolError, SdkError } from '@modelcontextprotocol/client';
import type { Attributes, Span } from '@opentelemetry/api';
import { context, createContextKey, propagation, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { INSTRUMENTATION, isObserved, methodName } from './instrumentation.ts';

/** The call that this code runs for. */
const CALL = createContextKey('a call of an MCP server');
/** All that is sent to a server of where a call comes from. Baggage and the state of others' tracing are not. */
const SENT = new Set([
  'traceparent',
  'b3',
  'x-b3-traceid',
  'x-b3-spanid',
  'x-b3-sampled',
  'x-b3-parentspanid',
  'x-b3-flags',
]);

interface Call {
  isOver: boolean;
}

/** A request as it is sent to an MCP server. */
export interface OutgoingRequest {
  readonly method: string;
  readonly params?: Readonly<Record<string, unknown>> & { readonly _meta?: Readonly<Record<string, unknown>> };
}

/** Spans of the requests to one MCP server, by the semantic conventions of MCP, and what tells the server of them. */
export class UpstreamCalls {
  readonly #isOn: boolean = isObserved();
  readonly #attributes: Attributes;

  constructor({ name, connection }: Pick<ServerDefinition, 'name' | 'connection'>) {
    const url = connection.kind === 'http' && URL.canParse(connection.url) ? new URL(connection.url) : undefined;
    this.#attributes = {
      'lockstep.server.name': name,
      'network.transport': connection.kind === 'http' ? 'tcp' : 'pipe',
      ...(url && { 'server.address': url.hostname, 'server.port': portOf(url) }),
    };
  }

  /** Sends a request under a span of its own: `send` is given it with the span's context in `params._meta` (SEP-414). */
  request<T>(request: OutgoingRequest, send: (request: OutgoingRequest) => Promise<T>): Promise<T> {
    if (!this.#isOn) return send(request);
    const method = methodName(request.method);
    const tool = method === 'tools/call' ? String(request.params?.['name']) : undefined;
    const attributes = {
      ...(tool !== undefined && { 'gen_ai.tool.name': tool, 'gen_ai.operation.name': 'execute_tool' }),
    };
    return this.#under(tool === undefined ? method : `${method} ${tool}`, { method, attributes }, async (span) => {
      const { traceparent } = sentContext();
      const { params = {} } = request;
      const sent = { ...request, params: { ...params, _meta: { ...params._meta, traceparent } } };
      const result = await send(traceparent === undefined ? request : sent);
      if ((result as { readonly isError?: unknown } | undefined)?.isError === true) failed(span, 'tool_error');
      return result;
    });
  }

  /** Shakes hands under a span of its own; `eraOf` tells afterwards which handshake it was. */
  connect(shake: () => Promise<void>, eraOf: () => 'modern' | 'legacy' | undefined): Promise<void> {
    if (!this.#isOn) return shake();
    return this.#under('initialize', { method: 'initialize', attributes: {} }, async (span) => {
      await shake();
      if (eraOf() !== 'modern') return;
      span.updateName('server/discover').setAttribute('mcp.method.name', 'server/discover');
    });
  }

  #under<T>(
    name: string,
    { method, attributes }: { readonly method: string; readonly attributes: Attributes },
    run: (span: Span) => Promise<T>,
  ): Promise<T> {
    const tracer = trace.getTracer(INSTRUMENTATION);
    const all = { ...this.#attributes, 'mcp.method.name': method, ...attributes };
    return tracer.startActiveSpan(name, { kind: SpanKind.CLIENT, attributes: all }, async (span) => {
      const call: Call = { isOver: false };
      try {
        return await context.with(context.active().setValue(CALL, call), run, undefined, span);
      } catch (error) {
        failed(span, errorType(error));
        throw error;
      } finally {
        call.isOver = true;
        span.end();
      }
    });
  }
}

/**
 * A fetch that says in its headers which call a request is part of. What outlives a call, as a stream that is kept open,
 * is part of none.
 */
export function tracedFetch(inner: FetchLike): FetchLike {
  return (url, init) => {
    const call = context.active().getValue(CALL) as Call | undefined;
    if (call === undefined || call.isOver) return inner(url, init);
    const headers = new Headers(init?.headers);
    for (const [name, value] of Object.entries(sentContext())) headers.set(name, value);
    return inner(url, { ...init, headers });
  };
}

function sentContext(): Readonly<Record<string, string>> {
  const carrier: Record<string, string> = {};
  propagation.inject(propagation.deleteBaggage(context.active()), carrier);
  return Object.fromEntries(Object.entries(carrier).filter(([name]) => SENT.has(name.toLowerCase())));
}

function failed(span: Span, type: string): void {
  span.setAttribute('error.type', type).setStatus({ code: SpanStatusCode.ERROR });
}

function errorType(error: unknown): string {
  if (error instanceof ProtocolError) return String(error.code);
  if (error instanceof SdkError) return error.code;
  return error instanceof Error ? error.name : '_OTHER';
}

function portOf({ port, protocol }: URL): number {
  if (port !== '') return Number(port);
  return protocol === 'https:' ? 443 : 80;
}
