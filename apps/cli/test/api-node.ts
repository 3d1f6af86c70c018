import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { AdminErrorBody, RouteName, RouteTypes } from '@lockstep/admin-api';
import { adminErrorBodySchema, ERROR_STATUS, PREFIX, ROUTE_NAMES, ROUTES } from '@lockstep/admin-api';

export const TOKEN = 'a-token-of-these-tests';

/** What a client sent, as the contract reads it. */
interface Received {
  readonly route: RouteName;
  readonly query: unknown;
  readonly body: unknown;
}

type Failure = AdminErrorBody['error'];
/** What one route answers with: its answer, several of a stream, a failure, or a way of its own. */
type Reply<N extends RouteName = RouteName> =
  | { readonly answer: RouteTypes[N]['answer'] }
  | { readonly items: readonly RouteTypes[N]['answer'][]; readonly isOpen?: true }
  | { readonly failure: Failure }
  | { readonly raw: (response: ServerResponse) => void };

/** An HTTP server that takes and answers what the contract of the admin API says, and nothing else. */
export interface ApiNode {
  readonly url: string;
  readonly received: Received[];
  /** What the route answers from here on; several: one after the other, the last one for ever. */
  reply<N extends RouteName>(route: N, ...replies: readonly Reply<N>[]): void;
  /** Streams that are open. */
  readonly open: Set<ServerResponse>;
  close(): Promise<void>;
}

export async function startApiNode(): Promise<ApiNode> {
  const received: Received[] = [];
  const replies = new Map<RouteName, Reply[]>();
  const open = new Set<ServerResponse>();
  const server = createServer((request, response) => {
    serve(request, response, { received, replies, open }).catch((error: unknown) => {
      response.destroy(error as Error);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    received,
    open,
    reply: (route, ...given) => void replies.set(route, [...given] as Reply[]),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}

interface State {
  readonly received: Received[];
  readonly replies: Map<RouteName, Reply[]>;
  readonly open: Set<ServerResponse>;
}

async function serve(request: IncomingMessage, response: ServerResponse, state: State): Promise<void> {
  const url = new URL(request.url ?? '', 'http://node');
  const route = ROUTE_NAMES.find(
    (name) => ROUTES[name].method === request.method && `${PREFIX}${ROUTES[name].path}` === url.pathname,
  );
  if (request.headers.authorization !== `Bearer ${TOKEN}`) {
    return fail(response, { code: 'unauthenticated', message: 'no token, or none that is known' });
  }
  if (route === undefined) return fail(response, { code: 'not-found', message: 'no such path' });
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) text += chunk;
  const { query, body } = ROUTES[route];
  state.received.push({
    route,
    query: query?.parse(Object.fromEntries(url.searchParams)),
    body: body?.parse(JSON.parse(text)),
  });
  const given = state.replies.get(route) ?? [];
  const reply = given.length > 1 ? given.shift() : given[0];
  if (reply === undefined) throw new Error(`the test has no answer of ${route}`);
  send(route, reply, { response, open: state.open });
}

interface Answering {
  readonly response: ServerResponse;
  readonly open: Set<ServerResponse>;
}

function send(route: RouteName, reply: Reply, { response, open }: Answering): void {
  if ('raw' in reply) return reply.raw(response);
  if ('failure' in reply) return fail(response, reply.failure);
  const { answer: schema, format } = ROUTES[route];
  if ('answer' in reply) {
    response.setHeader('content-type', 'application/json');
    response.end(JSON.stringify(schema.parse(reply.answer)));
    return;
  }
  response.setHeader('content-type', format === 'sse' ? 'text/event-stream' : 'application/x-ndjson');
  response.flushHeaders();
  for (const item of reply.items) {
    const line = JSON.stringify(schema.parse(item));
    response.write(format === 'sse' ? `data: ${line}\n\n` : `${line}\n`);
  }
  if (reply.isOpen !== true) return void response.end();
  open.add(response);
  response.once('close', () => open.delete(response));
}

function fail(response: ServerResponse, error: Failure): void {
  response.statusCode = ERROR_STATUS[error.code];
  response.end(JSON.stringify(adminErrorBodySchema.parse({ error })));
}
