import type { JSONRPCMessage, Server, Transport } from '@modelcontextprotocol/server';
import type { Context, Histogram, Span, Tracer } from '@opentelemetry/api';
import { context, metrics, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { INSTRUMENTATION, isObserved, methodName } from './instrumentation.ts';

/** As the semantic conventions of MCP have them. */
const DURATION_BUCKETS_S = [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 30, 60, 120, 300];
const INVALID_PARAMS = -32602;
const CONTEXT_LENGTH_MAX = 512;
/** The codes of JSON-RPC and MCP. What else a server makes up is no attribute: a metric would have a series for each. */
const ERROR_CODES: ReadonlySet<number> = new Set([
  -32_700, -32_600, -32_601, -32_602, -32_603, -32_000, -32_001, -32_002, -32_042,
]);

/** One request or notification of a client that is being answered. */
interface Operation {
  readonly method: string;
  readonly tool: string | undefined;
  readonly span: Span;
  readonly startMs: number;
}

/** A span and a measurement of each request and notification that an MCP server gets, by the semantic conventions of MCP. */
export class McpOperations {
  readonly #isOn: boolean = isObserved();
  readonly #tracer: Tracer = trace.getTracer(INSTRUMENTATION);
  readonly #duration: Histogram = metrics.getMeter(INSTRUMENTATION).createHistogram('mcp.server.operation.duration', {
    description: 'Duration of MCP requests and notifications, from their arrival until the answer is sent.',
    unit: 's',
    advice: { explicitBucketBoundaries: DURATION_BUCKETS_S },
  });

  /** Observes what reaches this server, from its connection on. */
  observe(server: Server): Server {
    if (!this.#isOn) return server;
    const connect = server.connect.bind(server);
    server.connect = async (transport) => {
      await connect(transport);
      this.#watch(transport);
    };
    return server;
  }

  #watch(transport: Transport): void {
    const { onmessage, onclose } = transport;
    const send = transport.send.bind(transport);
    const open = new Map<unknown, Operation>();
    transport.onmessage = (message, extra) => {
      if (!('method' in message)) return onmessage?.(message, extra);
      const operation = this.#begin(message);
      if ('id' in message) open.set(message.id, operation);
      context.with(trace.setSpan(context.active(), operation.span), () => onmessage?.(message, extra));
      if (!('id' in message)) this.#end(operation, undefined);
    };
    transport.send = async (message, options) => {
      if (isAnswer(message)) {
        const answered = open.get(message.id);
        open.delete(message.id);
        if (answered !== undefined) this.#end(answered, failureOf(message), message);
      }
      return send(message, options);
    };
    transport.onclose = () => {
      for (const operation of open.values()) this.#end(operation, 'cancelled');
      open.clear();
      onclose?.();
    };
  }

  #begin({ method: given, params }: { readonly method: string; readonly params?: unknown }): Operation {
    const method = methodName(given);
    const { parent, links } = parentOf(params);
    const attributes = { 'mcp.method.name': method, 'network.transport': 'tcp', 'network.protocol.name': 'http' };
    const span = this.#tracer.startSpan(method, { kind: SpanKind.SERVER, attributes, links }, parent);
    const tool = method === 'tools/call' ? textIn(params, 'name') : undefined;
    return { method, tool, span, startMs: performance.now() };
  }

  /** A tool is named once it is known to exist: before that its name is what a client has made up. */
  #end({ method, tool, span, startMs }: Operation, failure: string | undefined, answer?: JSONRPCMessage): void {
    const attributes = { 'mcp.method.name': method, ...(failure !== undefined && { 'error.type': failure }) };
    this.#duration.record((performance.now() - startMs) / 1_000, attributes);
    if (tool !== undefined && answer !== undefined && failure !== String(INVALID_PARAMS)) {
      span.updateName(`${method} ${tool}`);
      span.setAttributes({ 'gen_ai.tool.name': tool, 'gen_ai.operation.name': 'execute_tool' });
    }
    if (failure !== undefined) span.setStatus({ code: SpanStatusCode.ERROR });
    span.setAttributes(attributes).end();
  }
}

/**
 * The span of the client that asks, where `_meta` names it, with a link to what carries the request (SEP-414); else that
 * which carries it.
 */
function parentOf(params: unknown): { readonly parent: Context; readonly links: { readonly context: SpanLink }[] } {
  const active = context.active();
  const meta =
    params !== null && typeof params === 'object' ? (params as { readonly _meta?: unknown })._meta : undefined;
  const traceparent = textIn(meta, 'traceparent');
  if (traceparent === undefined) return { parent: active, links: [] };
  const tracestate = textIn(meta, 'tracestate');
  const carrier = { traceparent, ...(tracestate !== undefined && { tracestate }) };
  const asked = trace.getSpanContext(propagation.extract(ROOT_CONTEXT, carrier));
  if (asked === undefined) return { parent: active, links: [] };
  const carries = trace.getSpanContext(active);
  return { parent: trace.setSpanContext(active, asked), links: carries === undefined ? [] : [{ context: carries }] };
}

type SpanLink = NonNullable<ReturnType<typeof trace.getSpanContext>>;

function textIn(value: unknown, name: string): string | undefined {
  if (value === null || typeof value !== 'object' || !Object.hasOwn(value, name)) return undefined;
  const text = (value as Readonly<Record<string, unknown>>)[name];
  return typeof text === 'string' && text.length <= CONTEXT_LENGTH_MAX ? text : undefined;
}

type Answer = Exclude<JSONRPCMessage, { readonly method: string }>;

function isAnswer(message: JSONRPCMessage | JSONRPCMessage[]): message is Answer {
  return !Array.isArray(message) && !('method' in message);
}

function failureOf(message: Answer): string | undefined {
  if ('error' in message) return ERROR_CODES.has(message.error.code) ? String(message.error.code) : '_OTHER';
  const failed = 'result' in message && (message.result as { readonly isError?: unknown }).isError === true;
  return failed ? 'tool_error' : undefined;
}
