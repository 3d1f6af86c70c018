import type { AuthInfo } from '@modelcontextprotocol/server';
import { localhostAllowedOrigins, originValidationResponse } from '@modelcontextprotocol/server';
import type { Context } from 'hono';
import { Hono } from 'hono';
import type { Logger } from 'pino';
import type { Health } from './health.ts';
import type { OpenedGateway } from './key-ring.ts';
import type { McpEndpoint } from './mcp/mcp-endpoint.ts';
import { HttpRequests } from './telemetry/http-requests.ts';

/** Longer than any key that a configuration takes. */
const KEY_LENGTH_MAX = 512;

/** The paths of those who look after the node: they are answered however busy it is. */
export const PROBES: readonly string[] = ['/healthz', '/readyz', '/startupz'];

/** What the HTTP face works with. */
export interface HttpOptions {
  readonly openGateway: (key: string) => Promise<OpenedGateway | undefined>;
  readonly mcp: Pick<McpEndpoint, 'fetch'>;
  readonly health: Health;
  readonly logger: Logger;
}

/** The node's HTTP face: `/mcp` for MCP clients with a gateway key; `/healthz`, `/startupz` and `/readyz` for those who run it. */
export function createHttpApp({ openGateway, mcp, health, logger }: HttpOptions): Hono {
  const app = new Hono();
  app.get('/healthz', (context) => context.json(health.liveness()));
  app.get('/startupz', (context) => {
    const startup = health.startup();
    return context.json(startup, startup.status === 'started' ? 200 : 503);
  });
  app.get('/readyz', (context) => {
    const readiness = health.readiness();
    const isAway = readiness.status === 'draining' || readiness.status === 'starting';
    return context.json(readiness, isAway ? 503 : 200);
  });
  // Probes are not observed: they would be most of the traces.
  app.use('/mcp', new HttpRequests().observe(new Set(['/mcp'])));
  app.all('/mcp', async (context) => {
    if (health.closing) return leaving(context);
    // A browser page of another site may not reach this node with what its user can reach; other clients send no Origin.
    const rejected = originValidationResponse(context.req.raw, localhostAllowedOrigins());
    if (rejected !== undefined) return rejected;
    const opened = await openGateway(presentedKey(context));
    if (opened === undefined) return unauthorized(context);
    return mcp.fetch(context.req.raw, { authInfo: authenticated(opened) });
  });
  app.notFound((context) => context.json({ error: 'not found: try /mcp, /healthz, /startupz or /readyz' }, 404));
  app.onError((error, context) => {
    const { message: reason, cause } = error;
    const underneath = cause instanceof Error ? { cause: cause.message } : {};
    logger.error({ path: context.req.path, reason, ...underneath }, 'a request failed');
    return context.json(rpcError(-32603, 'Internal error'), 500);
  });
  return app;
}

/** What the MCP side is told of the caller: the gateway, and not the key. */
function authenticated(opened: OpenedGateway): AuthInfo {
  return { token: '', clientId: opened.gateway.id, scopes: [opened.role], extra: { opened } };
}

/** What the key opens that a request was let in with. */
export function openedGateway(authInfo: AuthInfo | undefined): OpenedGateway {
  const opened = authInfo?.extra?.['opened'];
  if (opened === undefined) throw new Error('a request has reached MCP without a key');
  return opened as OpenedGateway;
}

/** The key of `Authorization: Bearer …`, else of the `apikey` header; nothing, or too long a one, is a wrong key. */
function presentedKey(context: Context): string {
  const bearer = /^Bearer +(\S+) *$/i.exec(context.req.header('authorization') ?? '')?.[1];
  const key = bearer ?? context.req.header('apikey') ?? '';
  return key.length > KEY_LENGTH_MAX ? '' : key;
}

function unauthorized(context: Context): Response {
  context.header('WWW-Authenticate', 'Bearer realm="lockstep-gateway", error="invalid_token"');
  return context.json(
    rpcError(-32001, 'A valid gateway key is needed: Authorization: Bearer <key>, or apikey: <key>'),
    401,
  );
}

function leaving(context: Context): Response {
  context.header('Connection', 'close');
  context.header('Retry-After', '1');
  return context.json(rpcError(-32000, 'This node is leaving; ask another one'), 503);
}

export function rpcError(code: number, message: string): Record<string, unknown> {
  return { jsonrpc: '2.0', error: { code, message }, id: null };
}
