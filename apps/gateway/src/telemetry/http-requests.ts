import type { ServerResponse } from 'node:http';
import type { Attributes, Histogram, TextMapGetter, Tracer } from '@opentelemetry/api';
import { context, metrics, propagation, ROOT_CONTEXT, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import type { MiddlewareHandler, Context as Request } from 'hono';
import { INSTRUMENTATION, isObserved } from './instrumentation.ts';

/** As the semantic conventions of HTTP have them. */
const DURATION_BUCKETS_S = [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1, 2.5, 5, 7.5, 10];
const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'CONNECT', 'OPTIONS', 'TRACE', 'PATCH']);
const HEADERS: TextMapGetter<Headers> = {
  keys: (headers) => [...headers.keys()],
  get: (headers, name) => headers.get(name) ?? undefined,
};

/** A span and a measurement of each request, by the semantic conventions of HTTP. */
export class HttpRequests {
  readonly #tracer: Tracer = trace.getTracer(INSTRUMENTATION);
  readonly #duration: Histogram = metrics.getMeter(INSTRUMENTATION).createHistogram('http.server.request.duration', {
    description: 'Duration of HTTP server requests.',
    unit: 's',
    advice: { explicitBucketBoundaries: DURATION_BUCKETS_S },
  });

  /**
   * Observes requests. A span has nothing of a request that its sender makes up: no query, no header, and a path only
   * where it is one of the routes.
   */
  observe(routes: ReadonlySet<string>): MiddlewareHandler {
    if (!isObserved()) return (_, next) => next();
    return async (request, next) => {
      const startMs = performance.now();
      const route = routes.has(request.req.path) ? request.req.path : undefined;
      const method = METHODS.has(request.req.method) ? request.req.method : '_OTHER';
      const known: Attributes = { 'http.request.method': method, 'url.scheme': 'http' };
      if (route !== undefined) known['http.route'] = route;
      const parent = propagation.extract(ROOT_CONTEXT, request.req.raw.headers, HEADERS);
      const attributes = route === undefined ? known : { ...known, 'url.path': route };
      const span = this.#tracer.startSpan(nameOf(method, route), { kind: SpanKind.SERVER, attributes }, parent);
      const end = (): void => {
        const { status } = request.res;
        const told = {
          ...known,
          'http.response.status_code': status,
          ...(status >= 500 && { 'error.type': `${status}` }),
        };
        this.#duration.record((performance.now() - startMs) / 1_000, told);
        if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
        span.setAttributes(told).end();
      };
      await context.with(trace.setSpan(parent, span), next);
      whenAnswered(request, end);
    };
  }
}

function nameOf(method: string, route: string | undefined): string {
  const shown = method === '_OTHER' ? 'HTTP' : method;
  return route === undefined ? shown : `${shown} ${route}`;
}

/** Once the answer is out, or its client gone. A stream that may last for ever counts as answered when it begins. */
function whenAnswered(request: Request, end: () => void): void {
  const { outgoing } = (request.env ?? {}) as { readonly outgoing?: ServerResponse };
  if (outgoing === undefined || outgoing.closed || lasts(request)) end();
  else outgoing.once('close', end);
}

function lasts({ req, res }: Request): boolean {
  if (!/^text\/event-stream\b/.test(res.headers.get('content-type') ?? '')) return false;
  return req.method === 'GET' || req.header('mcp-method') === 'subscriptions/listen';
}
