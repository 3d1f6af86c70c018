import type { Fence } from '@lockstep/cache';
import type { ClearOutcome } from '@lockstep/gateway-cache';
import { CACHE_TYPE_WORDS, parseCacheType } from '@lockstep/gateway-cache';
import { auditMark, recordClear } from '../audit.ts';
import type { Answer } from './answer.ts';
import { failure, isAnswer, serverOf } from './answer.ts';
import type { Caller } from './services.ts';

/** What `enkrypt_clear_cache` is asked for. */
export interface RequestedClear {
  readonly id: string | undefined;
  readonly serverName: string | undefined;
  readonly cacheType: string | undefined;
  /** How far it is to have come when it is answered. */
  readonly wait: 'committed' | 'fenced' | undefined;
}

/** `enkrypt_get_cache_status`: all caches in numbers, the caller's own by server, and this node. */
export async function getCacheStatus(caller: Caller): Promise<Answer> {
  const { gateway, services } = caller;
  const { cache, changes, discovery, keyRing, pool, tokens } = services;
  const [{ node, ...global }, hasConfig, servers] = await Promise.all([
    cache.status(),
    cache.hasGatewayConfig(keyRing.configKey(gateway.id)).catch(() => false),
    Promise.all(gateway.servers.map((server) => serverStatus(caller, server))),
  ]);
  const counts = gateway.servers.map((server) => ({ name: server.name, ...discovery.countOf(gateway, server) }));
  return {
    status: 'success',
    cache_status: {
      gateway_specific: {
        config: { exists: hasConfig },
        tools: { server_count: servers.length, servers: Object.fromEntries(servers) },
      },
      global,
      node: {
        ...node,
        origin_discoveries: counts.reduce((sum, { discoveries }) => sum + discoveries, 0),
        origin_discoveries_failed: counts.reduce((sum, { failed }) => sum + failed, 0),
        origin_discoveries_by_server: Object.fromEntries(counts.map(({ name, discoveries }) => [name, discoveries])),
        server_changes_heard: changes.heard,
        server_connections: pool.connections,
        server_requests: pool.running,
        access_tokens: tokens.counts(),
      },
    },
  };
}

/** `enkrypt_clear_cache`: clears caches of the caller's gateway, on every node of the cluster. */
export async function clearCache(caller: Caller, asked: RequestedClear): Promise<Answer> {
  const { gateway, role, services } = caller;
  const { id, serverName, cacheType = 'all', wait } = asked;
  if (role === 'viewer') {
    const error =
      'This key may look at the caches and not clear them: its role is viewer. Ask with the key of an operator.';
    return failure(error, { cleared: 0, error_code: 'forbidden' });
  }
  const type = parseCacheType(cacheType);
  if (type === undefined) {
    return failure(`cache_type: got '${cacheType}', takes one of: ${CACHE_TYPE_WORDS.join(', ')}`, { cleared: 0 });
  }
  if (id !== undefined && id !== gateway.id) {
    return failure(`id: got '${id}', takes the id of the gateway that your key opens, or nothing`, { cleared: 0 });
  }
  if (serverName !== undefined) {
    const server = serverOf(caller, serverName);
    if (isAnswer(server)) return { ...server, cleared: 0 };
  }
  const cleared = await countCached(caller, asked, type);
  const revokeTokens = await revocationOf(caller, asked, type);
  const outcome = await services.cache.clear({
    type,
    gateway: services.keyRing.refOf(gateway),
    ...(serverName === undefined ? {} : { serverName }),
    ...(wait === undefined ? {} : { wait }),
  });
  const tokensRevoked = await revokeTokens?.();
  const recorded = await recordClear(
    services.audit,
    {
      actor: `gateway:${gateway.id}`,
      action: 'clear',
      scope: { gateway: gateway.id, cacheType: type, ...(serverName === undefined ? {} : { server: serverName }) },
      reason: 'enkrypt_clear_cache',
    },
    outcome,
  );
  const what = serverName === undefined ? `caches of gateway ${gateway.id}` : `cache of server ${serverName}`;
  const details = {
    cache_type: type,
    ...(serverName === undefined ? {} : { server_name: serverName }),
    ...(tokensRevoked === undefined ? {} : { tokens_revoked: tokensRevoked }),
    node: services.cache.node().id,
    audit: auditMark(recorded),
    events: outcome.committed.map(({ cache, receipt: { incarnation, sequence, replicas } }) => ({
      cache,
      incarnation,
      sequence,
      ...(replicas && { replicas }),
    })),
  };
  if (outcome.unknown.length === 0) {
    const message = `${type}: ${what} cleared on every node`;
    return { status: 'success', message, cleared, ...details, ...weakestFence(outcome) };
  }
  const unknown = [...new Set(outcome.unknown.map(({ cache }) => cache))];
  const reasons = new Set(outcome.unknown.map(({ cause }) => (cause instanceof Error ? cause.message : String(cause))));
  services.logger.warn({ unknown, reasons: [...reasons] }, 'the tier did not confirm a clear');
  const message = `The shared tier did not confirm the clear of ${unknown.join(', ')}: it may not be cleared everywhere; try again.`;
  return failure(message, { cleared: null, ...details, unknown });
}

/** What holds for every part of a fenced clear; nothing where it was not fenced. */
function weakestFence({ committed }: ClearOutcome): { readonly fence?: Fence } {
  const fences = committed.flatMap(({ receipt: { fence } }) => (fence === undefined ? [] : [fence]));
  if (fences.length === 0) return {};
  const members: Record<string, 'acknowledged' | 'fenced out'> = {};
  for (const [member, how] of fences.flatMap((fence) => Object.entries(fence.members))) {
    if (members[member] !== 'fenced out') members[member] = how;
  }
  return { fence: { by: fences.some(({ by }) => by === 'time') ? 'time' : 'acknowledgements', members } };
}

/**
 * Revokes the access tokens that a fenced clear of everything ends: it is for credentials that became known. Any other clear
 * leaves them to their end; undefined: nothing to do.
 */
async function revocationOf(
  { gateway, services }: Caller,
  { serverName, wait }: RequestedClear,
  type: string,
): Promise<(() => Promise<number>) | undefined> {
  const servers = gateway.servers.filter(({ name }) => name === (serverName ?? name));
  const revocable = servers.filter(({ connection }) => connection.kind === 'http' && connection.oauth?.revocationUrl);
  if (type !== 'all' || wait !== 'fenced' || revocable.length === 0) return undefined;
  return services.tokens.revocationOf(gateway.configId, revocable);
}

/** How many of the caches that a clear is about to empty hold something, as far as this node can tell. */
async function countCached(caller: Caller, asked: RequestedClear, type: string): Promise<number> {
  const { gateway, services } = caller;
  const servers = gateway.servers.filter(
    ({ name, tools }) => tools === undefined && name === (asked.serverName ?? name),
  );
  const ofTools = type === 'gateway_config' ? [] : servers.map((server) => services.discovery.known(gateway, server));
  const ofConfig =
    type === 'tools' || type === 'server_config'
      ? false
      : services.cache.hasGatewayConfig(services.keyRing.configKey(gateway.id)).catch(() => false);
  const [tools, config] = await Promise.all([Promise.all(ofTools), ofConfig]);
  return tools.filter((found) => found !== undefined).length + (config ? 1 : 0);
}

async function serverStatus({ gateway, services }: Caller, server: Caller['gateway']['servers'][number]) {
  const explicit = server.tools !== undefined;
  const found = await services.discovery.known(gateway, server);
  const status = {
    tool_count: found?.tools.length ?? 0,
    are_tools_explicitly_defined: explicit,
    needs_discovery: found === undefined,
    exists: found !== undefined && !explicit,
    ...(found === undefined ? {} : { source: found.source }),
  };
  return [server.name, status] as const;
}
