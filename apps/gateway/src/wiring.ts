import { hkdfSync } from 'node:crypto';
import { connectNats, parseBusUrl } from '@lockstep/bus-nats';
import type { Lockstep } from '@lockstep/cache';
import { millisecondsOf, openLockstep } from '@lockstep/cache';
import type { ClusterConfig, GatewayConfig, GatewayDefinition } from '@lockstep/config';
import type { AuditTrail } from '@lockstep/gateway-cache';
import { GatewayCache, gatewayPolicies, TOKEN_LIFE_MS_MAX, TokenCache } from '@lockstep/gateway-cache';
import { connectKeydb } from '@lockstep/tier-keydb';
import type { Tool } from '@modelcontextprotocol/client';
import type { Logger } from 'pino';
import type { FollowedConfig } from './config/follow-config.ts';
import { followConfig } from './config/follow-config.ts';
import type { LiveConfigOrigin, Reload } from './config/live-config.ts';
import { Discovery } from './discovery.ts';
import { EarlyExpiry } from './early-expiry.ts';
import { Health } from './health.ts';
import { createHttpApp, openedGateway, PROBES, rpcError } from './http.ts';
import { HttpPort } from './http-port.ts';
import { KeyRing } from './key-ring.ts';
import { ListNews } from './list-news.ts';
import { cacheLogger } from './log.ts';
import { McpEndpoint } from './mcp/mcp-endpoint.ts';
import { buildMcpServer } from './mcp/mcp-server.ts';
import { MergedTools } from './mcp/merged-tools.ts';
import { OWN_LIST } from './mcp/own-tools.ts';
import type { GatewayServices } from './mcp/services.ts';
import { NodeAdmin } from './node-admin.ts';
import { AccessTokens } from './oauth/access-tokens.ts';
import { preload } from './preload.ts';
import type { Stoppable } from './shutdown.ts';
import type { StartUpOptions } from './start-up.ts';
import { startUp } from './start-up.ts';
import { McpOperations } from './telemetry/mcp-operations.ts';
import { ToolsChanges } from './tools-changes.ts';
import { UpstreamPool } from './upstream/upstream-pool.ts';

/** How many requests of clients, streams included, are under way at once. */
const REQUESTS_MAX = 4_096;
const BUSY = rpcError(-32000, 'This node answers as many requests as it can; ask again, or another one');
/** How long answers may take to get out once the MCP servers are left, and again once the cluster is left. */
const ANSWER_MS_MAX = 750;

/** How much of the time to connect an access token may take: then it is told what was slow, and a handshake has some left. */
const TOKEN_PART = 0.75;

/** A gateway node that listens. */
export interface GatewayNode extends Stoppable {
  readonly nodeId: string;
  /** Looks at once whether the configuration has changed; see `LiveConfig`. */
  readonly reload: () => Promise<Reload>;
  /** Where its MCP endpoint is. */
  readonly url: string;
  /** Where its admin API is; undefined: it has none. */
  readonly adminUrl: string | undefined;
}

/**
 * Starts a node: builds every part, joins the cluster or goes on degraded, and listens. With an `origin` it follows the
 * configuration from there. Rejects when it cannot listen, or does not fit the cluster it finds; nothing is left behind
 * then.
 */
export async function startNode(
  config: GatewayConfig,
  logger: Logger,
  origin?: LiveConfigOrigin,
): Promise<GatewayNode> {
  const shared = config.cluster && adapters(config, config.cluster, logger);
  const lockstep = await openLockstep({
    maxStaleness: config.maxStalenessMs,
    tracing: { lookups: config.traceLookups },
    logger: cacheLogger(logger),
    ...shared,
  });
  const closing = new AbortController();
  const admin = new NodeAdmin({ config, lockstep, journal: shared?.tier.journal, logger });
  const { audit } = admin;
  const built = buildServices(config, { lockstep, audit, logger, closing: closing.signal });
  const following = { ...built, started: config, logger, closing: closing.signal };
  const followed = origin && followConfig(origin, following);
  const services: GatewayServices = { ...built, configStatus: () => followed?.status() };
  const health = new Health(lockstep);
  const operations = new McpOperations();
  const mcp = new McpEndpoint({
    serve: ({ authInfo, era }) => operations.observe(buildMcpServer({ services, ...openedGateway(authInfo) }, era)),
    onerror: (error) => logger.debug({ reason: error.message }, 'an MCP request was refused or broken off'),
  });
  const news = new ListNews(() => mcp.toolsChanged());
  lockstep.onEvent((event) => news.heard(event));
  const openGateway = (key: string) => services.keyRing.open(key);
  const app = createHttpApp({ openGateway, mcp, health, logger });
  const port = new HttpPort({ fetch: app.fetch, requestsMax: REQUESTS_MAX, probes: PROBES, busy: BUSY });
  const { pool, changes } = services;
  const parts: NodeParts = { port, mcp, health, lockstep, pool, changes, followed, admin, closing, logger };
  try {
    const { nodeId } = lockstep;
    const begin = startUp(startUpOptions(config, { services, health, lockstep, closing: closing.signal }));
    const url = `${await port.listen(config.port, config.host)}/mcp`;
    const adminUrl = await admin.start(services, url);
    begin();
    followed?.watch();
    const reload = async (): Promise<Reload> => followed?.reload() ?? 'unchanged';
    const leaving = { leave: () => leave(parts), drain: () => drain(parts), close: () => close(parts) };
    return { nodeId, url, adminUrl, reload, ...leaving };
  } catch (error) {
    await close(parts);
    throw error;
  }
}

interface StartUpParts {
  readonly services: GatewayServices;
  readonly health: Health;
  readonly lockstep: Lockstep;
  readonly closing: AbortSignal;
}

function startUpOptions(config: GatewayConfig, { services, health, lockstep, closing }: StartUpParts): StartUpOptions {
  const { preloadTimeoutMs: timeoutMs, connectionsMax } = config.upstream;
  const { discovery, logger } = services;
  const { directory, startPatienceMs: patienceMs } = config;
  const warm = () => preload({ discovery, directory, timeoutMs, connectionsMax, logger, closing });
  return { lockstep, health, preload: timeoutMs === 0 ? undefined : warm, patienceMs, logger, closing };
}

function adapters(config: GatewayConfig, cluster: ClusterConfig, logger: Logger) {
  const port = cacheLogger(logger);
  const { name, secret, encryptionKeys, tierUrl, tierTls, busUrl, busTls, durability } = cluster;
  const bus = busUrl === undefined ? undefined : { ...parseBusUrl(busUrl), ...(busTls && { tls: busTls }) };
  const lives = Object.values(gatewayPolicies(timesOf(config), 'cluster')).map(
    ({ ttl = 0, grace = 0 }) => millisecondsOf(ttl) + millisecondsOf(grace),
  );
  const epochsKeepMs = 2 * Math.max(...lives, TOKEN_LIFE_MS_MAX);
  return {
    secret,
    encryptionKeys: encryptionKeys.length > 0 ? encryptionKeys : [keyMadeOf(secret)],
    tier: connectKeydb({ url: tierUrl, ...(tierTls && { tls: tierTls }), cluster: name, epochsKeepMs, logger: port }),
    ...(durability && { durability: { replicas: durability.replicas, timeout: durability.timeoutMs } }),
    ...(bus && { bus: connectNats({ ...bus, cluster: name, logger: port }) }),
  };
}

/** The key that encrypts values in the tier where no other is given: who has the secret has it. */
function keyMadeOf(secret: string): { readonly id: string; readonly key: Uint8Array } {
  return { id: 'secret', key: new Uint8Array(hkdfSync('sha256', secret, '', 'lockstep:gateway:values', 32)) };
}

interface ServiceParts {
  readonly lockstep: Lockstep;
  readonly audit: AuditTrail;
  readonly logger: Logger;
  readonly closing: AbortSignal;
}

function buildServices(
  config: GatewayConfig,
  { lockstep, audit, logger, closing }: ServiceParts,
): Omit<GatewayServices, 'configStatus'> {
  const limits = config.upstream;
  const cache = new GatewayCache<GatewayDefinition, Tool>({ lockstep, times: timesOf(config) });
  const changes = new ToolsChanges({ cache, audit, logger, closing });
  const tokens = accessTokens(config, lockstep, logger);
  const pool = new UpstreamPool({
    limits,
    logger,
    tokens,
    onToolsChanged: (gateway, server) => changes.changed(gateway, server),
  });
  const keyRing = new KeyRing(config.directory, cache);
  const discovery = new Discovery({ cache, pool, limits });
  const mergedTools =
    config.toolList === 'merged' ? new MergedTools({ cache, discovery, logger, own: OWN_LIST }) : undefined;
  const earlyExpiry = new EarlyExpiry({ cache, logger, now: () => performance.now() });
  return { cache, keyRing, audit, discovery, mergedTools, earlyExpiry, changes, pool, tokens, limits, logger };
}

function accessTokens({ cluster, upstream }: GatewayConfig, lockstep: Lockstep, logger: Logger): AccessTokens {
  const timeoutMs = Math.ceil(upstream.connectTimeoutMs * TOKEN_PART);
  const shared = cluster?.sharesOauthTokens === true;
  return new AccessTokens({
    cache: new TokenCache(lockstep, { shared, acquireTimeoutMs: timeoutMs }),
    timeoutMs,
    logger,
  });
}

function timesOf({ toolsTtlMs, gatewayConfigTtlMs, upstream }: GatewayConfig) {
  return { toolsTtlMs, gatewayConfigTtlMs, discoveryTimeoutMs: upstream.discoveryTimeoutMs };
}

interface NodeParts {
  readonly port: HttpPort;
  readonly mcp: McpEndpoint;
  readonly health: Health;
  readonly lockstep: Lockstep;
  readonly pool: UpstreamPool;
  readonly changes: ToolsChanges;
  readonly followed: FollowedConfig | undefined;
  readonly admin: NodeAdmin;
  readonly closing: AbortController;
  readonly logger: Logger;
}

function leave({ port, health }: NodeParts): void {
  health.draining = true;
  port.leave();
}

/** Streams end, and their clients open them again on another node; calls go on. */
async function drain(parts: NodeParts): Promise<void> {
  leave(parts);
  await Promise.all([parts.port.drain(), parts.mcp.endStreams(), parts.admin.drain()]);
}

/**
 * MCP servers first, so that the calls which are broken off are answered; then the cluster, which ends what a lookup
 * or a clear still waits for; clients last: a stream that is still open then holds nothing but silence.
 */
async function close(parts: NodeParts): Promise<void> {
  const { port, mcp, health, lockstep, pool, changes, followed, admin, closing, logger } = parts;
  health.draining = true;
  health.closing = true;
  closing.abort();
  const drained = port.drain();
  const requests = pool.running;
  if (requests > 0) logger.warn({ requests }, 'requests to MCP servers are broken off');
  const poolClosed = pool.close();
  await port.ended(ANSWER_MS_MAX);
  await admin.leave();
  const left = lockstep.close();
  await port.ended(ANSWER_MS_MAX);
  await mcp.close().catch((error: unknown) => {
    logger.warn({ reason: error instanceof Error ? error.message : String(error) }, 'MCP streams could not be ended');
  });
  port.close();
  admin.close();
  await Promise.all([drained, poolClosed, left, changes.ended(), followed?.close()]);
  health.close();
}
