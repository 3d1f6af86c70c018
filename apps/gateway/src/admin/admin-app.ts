import type { AdminErrorBody, Route, RouteName, RouteTypes } from '@lockstep/admin-api';
import { BODY_BYTES_MAX, ERROR_STATUS, openApiDocument, PREFIX, ROUTE_NAMES, ROUTES } from '@lockstep/admin-api';
import type { AdminToken } from '@lockstep/config';
import type { Context } from 'hono';
import { Hono } from 'hono';
import { bodyLimit } from 'hono/body-limit';
import type { Logger } from 'pino';
import { HttpRequests } from '../telemetry/http-requests.ts';
import { traceHeader } from '../telemetry/trace-ids.ts';
import type { AdmissionOptions } from './admission.ts';
import { Admission } from './admission.ts';
import { auditPage, auditVerdict } from './audit.ts';
import type { AdminCaches } from './caches.ts';
import type { EventHub } from './event-hub.ts';
import { explain } from './explain.ts';
import { invalidate } from './invalidate.ts';
import type { NodeReports } from './node-reports.ts';
import { refuseBeyondRole } from './reach.ts';
import { Refusal, refusalOf } from './refusal.ts';
import type { Admitted } from './request.ts';
import { bodyOf, queryOf } from './request.ts';
import { status } from './status.ts';
import { eventStream, warmStream } from './streams.ts';
import { sweep } from './upkeep.ts';

/** A request that is not answered by then is given up on. Longer than a fenced clear takes. */
const REQUEST_MS_MAX = 30_000;
/** How many walks through the whole audit trail, and how many warm-ups, are under way at once. */
const LONG_REQUESTS_MAX = 2;

const PATHS: ReadonlySet<string> = new Set(ROUTE_NAMES.map((name) => `${PREFIX}${ROUTES[name].path}`));

/** What the admin API answers from. */
export interface AdminAppOptions extends AdmissionOptions {
  readonly caches: AdminCaches;
  readonly reports: NodeReports;
  readonly hub: EventHub;
  readonly isDraining: () => boolean;
  readonly logger: Logger;
}

type Handler<N extends RouteName> = (admitted: Admitted<N>) => Promise<RouteTypes[N]['answer'] | Response>;

/** The admin API over HTTP: every route of the contract, behind host, token, rate, role and limits, in this order. */
export function createAdminApp(options: AdminAppOptions): Hono {
  const { isDraining, logger } = options;
  const admission = new Admission(options);
  const handlers = handlersOf(options);
  const app = new Hono();
  app.use(new HttpRequests().observe(PATHS));
  app.use(async (context, next) => {
    context.header('Cache-Control', 'no-store');
    context.header('X-Content-Type-Options', 'nosniff');
    const trace = traceHeader();
    if (trace !== undefined) context.header('traceresponse', trace);
    await next();
  });
  const limited = bodyLimit({
    maxSize: BODY_BYTES_MAX,
    onError: () => {
      throw new Refusal('body-too-large', `The body is larger than ${BODY_BYTES_MAX} bytes.`);
    },
  });
  for (const name of ROUTE_NAMES) {
    const { method, path } = ROUTES[name];
    const admit = async (context: Context, next: () => Promise<void>): Promise<void> => {
      if (isDraining())
        throw new Refusal('draining', 'This node is leaving; ask another one.', { retryAfterSeconds: 1 });
      context.set('token', admission.admit(context));
      await next();
    };
    const answer = (context: Context): Promise<Response> => answered(context, name, handlers);
    app.on(method, `${PREFIX}${path}`, admit, limited, answer);
    app.all(`${PREFIX}${path}`, (context) => {
      admission.admit(context);
      throw new Refusal('method-not-allowed', `${path} takes ${method}.`);
    });
  }
  app.notFound((context) => {
    admission.admit(context);
    throw new Refusal('not-found', `No such path; ${PREFIX}/openapi.json lists them.`);
  });
  app.onError((error, context) => {
    const refusal = refusalOf(error);
    if (refusal !== undefined) return refused(context, refusal);
    logger.error({ path: context.req.path, reason: error.message }, 'a request to the admin API failed');
    return refused(context, new Refusal('internal', 'The node failed; its log says why.'));
  });
  return app;
}

type Handlers = { readonly [N in RouteName]: Handler<N> };

function handlersOf({ caches, reports, hub }: AdminAppOptions): Handlers {
  const { audit } = caches.services;
  const long = bounded();
  return {
    status: () => status(caches, reports),
    nodes: () => reports.nodes(),
    clear: ({ token, body: request }) => invalidate(caches, { token, action: 'clear', request }),
    expire: ({ token, body: request }) => invalidate(caches, { token, action: 'expire', request }),
    explain: ({ token, query }) => explain(caches, token, query),
    sweep: ({ token, body }) => sweep(caches, token, body),
    warm: async (admitted) => warmStream(caches, admitted, long('warm')),
    audit: ({ query }) => auditPage(audit, query),
    verifyAudit: async () => {
      const end = long('verifyAudit');
      return auditVerdict(audit).finally(end);
    },
    events: async (admitted) => eventStream(hub, admitted),
    openapi: async () => openApiDocument(),
  };
}

/** Takes a place among few; what it answers gives it back. Refuses where all are taken. */
function bounded(): (name: RouteName) => () => void {
  const taken = new Map<RouteName, number>();
  return (name) => {
    const before = taken.get(name) ?? 0;
    if (before >= LONG_REQUESTS_MAX) {
      throw new Refusal('busy', `${name}: ${before} are under way already`, { retryAfterSeconds: 5 });
    }
    taken.set(name, before + 1);
    let isGiven = false;
    return () => {
      if (!isGiven) taken.set(name, (taken.get(name) ?? 1) - 1);
      isGiven = true;
    };
  };
}

async function answered<N extends RouteName>(context: Context, name: N, handlers: Handlers): Promise<Response> {
  const route = ROUTES[name] as Route<N>;
  const token = context.get('token') as AdminToken;
  refuseBeyondRole(token, route as Route);
  const query = queryOf(context, route);
  const body = await bodyOf(context, route);
  const handler = handlers[name] as Handler<N>;
  const answer = await inTime(handler({ context, token, query, body }));
  return answer instanceof Response ? answer : context.json(answer as object);
}

/** The answer, or a refusal when its time is over; what was begun goes on. */
async function inTime<T>(answer: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const refusal = new Refusal('timed-out', 'It took too long; what was asked for may still be done.');
    timer = setTimeout(() => reject(refusal), REQUEST_MS_MAX);
  });
  try {
    return await Promise.race([answer, late]);
  } finally {
    clearTimeout(timer);
  }
}

function refused(context: Context, { code, message, details }: Refusal): Response {
  const body: AdminErrorBody = { error: { code, message, ...details } };
  if (details.retryAfterSeconds !== undefined) context.header('Retry-After', String(details.retryAfterSeconds));
  if (code === 'unauthenticated') context.header('WWW-Authenticate', 'Bearer realm="lockstep-admin"');
  return context.json(body, ERROR_STATUS[code]);
}
