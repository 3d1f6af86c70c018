import { showConnection } from '@lockstep/config';
import type { Answer } from './answer.ts';
import { byName, failure, isAnswer, serverOf, toolsAnswer } from './answer.ts';
import type { Caller } from './services.ts';

/** `enkrypt_discover_all_tools`: the tools of one server, or of all of the caller's servers. */
export async function discoverAllTools(caller: Caller, serverName: string | undefined): Promise<Answer> {
  const { gateway, services } = caller;
  if (serverName !== undefined) {
    const server = serverOf(caller, serverName);
    if (isAnswer(server)) return server;
    const found = await services.discovery.find(gateway, server);
    return { ...toolsAnswer(server.name, found), status: found.status, node: services.cache.node().id };
  }
  return allTools(caller);
}

/** `enkrypt_list_all_servers`: the caller's servers, with their tools; with `discover`, also those not known yet. */
export async function listAllServers(caller: Caller, discover: boolean): Promise<Answer> {
  const { gateway, services } = caller;
  if (discover) {
    const { available_servers: tools, ...answer } = await allTools(caller);
    const found = tools as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
    const servers = gateway.servers.map((server) => [server.name, { ...shown(server), ...found[server.name] }]);
    return { ...answer, available_servers: Object.fromEntries(servers) };
  }
  const known = await Promise.all(
    gateway.servers.map(async (server) => ({ server, found: await services.discovery.known(gateway, server) })),
  );
  return {
    status: 'success',
    available_servers: Object.fromEntries(
      known.map(({ server, found }) => [
        server.name,
        { ...shown(server), ...(found === undefined ? { tools: {} } : toolsAnswer(server.name, found)) },
      ]),
    ),
    servers_needing_discovery: known.filter(({ found }) => found === undefined).map(({ server }) => server.name),
  };
}

/** `enkrypt_get_server_info`: one of the caller's servers, with the tools that are known of it. Discovers nothing. */
export async function getServerInfo(caller: Caller, serverName: string): Promise<Answer> {
  const server = serverOf(caller, serverName);
  if (isAnswer(server)) return server;
  const found = await caller.services.discovery.known(caller.gateway, server);
  const tools = found === undefined ? {} : byName(found.tools);
  return {
    status: 'success',
    server_name: server.name,
    server_info: {
      ...shown(server),
      tools,
      tool_count: Object.keys(tools).length,
      has_cached_tools: found !== undefined && found.source !== 'config',
      needs_discovery: found === undefined,
      ...(found === undefined ? {} : { tools_source: found.source }),
    },
  };
}

async function allTools(caller: Caller): Promise<Answer> {
  const { gateway, services } = caller;
  if (gateway.servers.length === 0) return failure('This gateway has no servers.', { available_servers: {} });
  const found = await services.discovery.findAll(gateway, gateway.servers);
  const named = (status: string) => [...found].filter(([, tools]) => tools.status === status).map(([name]) => name);
  const [succeeded, failed, pending] = [named('success'), named('error'), named('pending')];
  const parts = [`${succeeded.length} of ${found.size} servers answered`];
  if (failed.length > 0) parts.push(`failed: ${failed.join(', ')}`);
  if (pending.length > 0) parts.push(`still being discovered: ${pending.join(', ')}`);
  return {
    status: succeeded.length === 0 && failed.length > 0 ? 'error' : 'success',
    message: parts.join('; '),
    discovery_success_servers: succeeded,
    discovery_failed_servers: failed,
    discovery_pending_servers: pending,
    available_servers: Object.fromEntries([...found].map(([name, tools]) => [name, toolsAnswer(name, tools)])),
    node: services.cache.node().id,
  };
}

function shown(server: Caller['gateway']['servers'][number]): Readonly<Record<string, unknown>> {
  const { name, description, connection, tools } = server;
  return {
    server_name: name,
    description,
    config: showConnection(connection),
    are_tools_explicitly_defined: tools !== undefined,
  };
}
