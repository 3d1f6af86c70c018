import { randomBytes } from 'node:crypto';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { createAdaptorServer } from '@hono/node-server';
import { connectNats, parseBusUrl } from '@lockstep/bus-nats';
import type { Lockstep } from '@lockstep/cache';
import { millisecondsOf, openLockstep } from '@lockstep/cache';
import type { ClusterConfig, GatewayConfig, GatewayDefinition } from '@lockstep/config';
import { GatewayCache, gatewayPolicies } from '@lockstep/gateway-cache';
import { connectKeydb } from '@lockstep/tier-keydb';
import type { Tool } from '@modelcontextprotocol/client';
import type { McpHttpHandler } from '@modelcontextprotocol/server';
import { createMcpHandler } from '@modelcontextprotocol/server';
import type { Logger } from 'pino';
import { Discovery } from './discovery.ts';
import { Health } from './health.ts';
import { authenticatedGateway, createHttpApp } from './http.ts';
import { KeyRing } from './key-ring.ts';
import { cacheLogger } from './log.ts';
import { buildMcpServer } from './mcp/mcp-server.ts';
import type { GatewayServices } from './mcp/services.ts';
import { OpenAnswers } from './open-answers.ts';
import type { Stoppable } from './shutdown.ts';
import { ToolsChanges } from './tools-changes.ts';
import { UpstreamPool } from './upstream/upstream-pool.ts';

/** How long answers may take to get out once the MCP servers are left, and again once the cluster is left. */
const ANSWER_MS_MAX = 750;

/** A gateway node that listens. */
export interface GatewayNode extends Stoppable {
  readonly nodeId: string;
  /** Where its MCP endpoint is. */
  readonly url: string;
}

/**
 * Starts a node: builds every part, joins the cluster or goes on degraded, and listens. Rejects when it cannot
 * listen, or does not fit the cluster it finds; nothing is left behind then.
 */
export async function startNode(config: GatewayConfig, logger: Logger): Promise<GatewayNode> {
  const lockstep = await openLockstep({
    maxStaleness: config.maxStalenessMs,
    logger: cacheLogger(logger),
    ...(config.cluster === undefined ? {} : adapters(config, config.cluster, logger)),
  });
  const closing = new AbortController();
  const services = buildServices(config, { lockstep, logger, closing: closing.signal });
  const health = new Health(lockstep);
  const mcp = createMcpHandler(
    ({ authInfo }) => buildMcpServer({ services, gateway: authenticatedGateway(authInfo) }),
    {
      onerror: (error) => logger.debug({ reason: error.message }, 'an MCP request was refused or broken off'),
    },
  );
  const openGateway = (key: string) => services.keyRing.open(key);
  const app = createHttpApp({ openGateway, mcp, health, logger });
  const server = createAdaptorServer({ fetch: app.fetch }) as Server;
  const answers = new OpenAnswers(server);
  const { pool, changes } = services;
  const parts: NodeParts = { server, answers, mcp, health, lockstep, pool, changes, closing, logger };
  try {
    const { nodeId } = lockstep;
    return { nodeId, url: await listen(server, config), drain: () => drain(parts), close: () => close(parts) };
  } catch (error) {
    await close(parts);
    throw error;
  }
}

function adapters(config: GatewayConfig, cluster: ClusterConfig, logger: Logger) {
  const port = cacheLogger(logger);
  const { name, secret, tierUrl, busUrl, durability } = cluster;
  const lives = Object.values(gatewayPolicies(timesOf(config))).map(
    ({ ttl = 0, grace = 0 }) => millisecondsOf(ttl) + millisecondsOf(grace),
  );
  const epochsKeepMs = 2 * Math.max(...lives);
  return {
    secret,
    tier: connectKeydb({ url: tierUrl, cluster: name, epochsKeepMs, logger: port }),
    ...(durability && { durability: { replicas: durability.replicas, timeout: durability.timeoutMs } }),
    ...(busUrl === undefined ? {} : { bus: connectNats({ ...parseBusUrl(busUrl), cluster: name, logger: port }) }),
  };
}

interface ServiceParts {
  readonly lockstep: Lockstep;
  readonly logger: Logger;
  readonly closing: AbortSignal;
}

function buildServices(config: GatewayConfig, { lockstep, logger, closing }: ServiceParts): GatewayServices {
  const limits = config.upstream;
  const secret = config.cluster?.secret ?? randomBytes(32).toString('hex');
  const cache = new GatewayCache<GatewayDefinition, Tool>({ lockstep, secret, times: timesOf(config) });
  const changes = new ToolsChanges({ cache, logger, closing });
  const pool = new UpstreamPool({
    limits,
    logger,
    onToolsChanged: (gateway, server) => changes.changed(gateway, server),
  });
  const keyRing = new KeyRing(config.directory, cache);
  return { cache, keyRing, discovery: new Discovery({ cache, pool, limits }), changes, pool, limits, logger };
}

function timesOf({ toolsTtlMs, gatewayConfigTtlMs, upstream }: GatewayConfig) {
  return { toolsTtlMs, gatewayConfigTtlMs, discoveryTimeoutMs: upstream.discoveryTimeoutMs };
}

function listen(server: Server, { host, port }: GatewayConfig): Promise<string> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      const { port: bound } = server.address() as AddressInfo;
      resolve(`http://${host.includes(':') ? `[${host}]` : host}:${bound}/mcp`);
    });
  });
}

interface NodeParts {
  readonly server: Server;
  readonly answers: OpenAnswers;
  readonly mcp: McpHttpHandler;
  readonly health: Health;
  readonly lockstep: Lockstep;
  readonly pool: UpstreamPool;
  readonly changes: ToolsChanges;
  readonly closing: AbortController;
  readonly logger: Logger;
}

function drain({ server, health }: NodeParts): Promise<void> {
  health.draining = true;
  return new Promise((resolve) => {
    server.close(() => resolve());
    server.closeIdleConnections();
  });
}

/**
 * MCP servers first, so that the calls which are broken off are answered; then the cluster, which ends what a lookup
 * or a clear still waits for; clients last: a stream that is still open then holds nothing but silence.
 */
async function close(parts: NodeParts): Promise<void> {
  const { server, answers, mcp, health, lockstep, pool, changes, closing, logger } = parts;
  health.draining = true;
  closing.abort();
  server.close();
  const requests = pool.running;
  if (requests > 0) logger.warn({ requests }, 'requests to MCP servers are broken off');
  const poolClosed = pool.close();
  await answers.ended(ANSWER_MS_MAX);
  const left = lockstep.close();
  await answers.ended(ANSWER_MS_MAX);
  await mcp.close().catch((error: unknown) => {
    logger.warn({ reason: error instanceof Error ? error.message : String(error) }, 'MCP streams could not be ended');
  });
  server.closeAllConnections();
  await Promise.all([poolClosed, left, changes.ended()]);
  health.close();
}
