import { z } from 'zod';
import { clearCache, getCacheStatus } from './cache-tools.ts';
import { secureCallTools, TOOL_CALLS_MAX } from './call-tools.ts';
import type { PagedTools } from './list-pages.ts';
import type { OwnTool } from './own-tool.ts';
import { ownTool } from './own-tool.ts';
import { discoverAllTools, getServerInfo, listAllServers } from './server-tools.ts';

const serverName = z.string().min(1).max(200);
/** Clients that fill in every argument send null, or nothing but spaces, for "none". */
const optionalText = z
  .string()
  .max(500)
  .nullish()
  .transform((text) => (text === null || text === undefined || text.trim() === '' ? undefined : text));
const clearWait = z
  .enum(['committed', 'fenced'])
  .nullish()
  .transform((wait) => wait ?? undefined);
const toolCalls = z
  .array(z.object({ name: z.string().min(1), args: z.record(z.string(), z.unknown()).nullish() }))
  .max(TOOL_CALLS_MAX);

const SERVER_TOOLS: readonly OwnTool[] = [
  ownTool(
    {
      name: 'enkrypt_list_all_servers',
      title: 'List Available Servers',
      description: 'Lists the available servers with their tools and how they are configured.',
      inputSchema: z.object({
        discover_tools: z.boolean().default(true).describe('Discover the tools of servers that need it'),
      }),
      annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    },
    ({ discover_tools: discover }, { caller }) => listAllServers(caller, discover),
  ),
  ownTool(
    {
      name: 'enkrypt_get_server_info',
      title: 'Get Server Info',
      description: 'Gets detailed information about a server, including the tools that are known of it.',
      inputSchema: z.object({ server_name: serverName.describe('The name of the server') }),
      annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    },
    ({ server_name: name }, { caller }) => getServerInfo(caller, name),
  ),
  ownTool(
    {
      name: 'enkrypt_discover_all_tools',
      title: 'Discover Server Tools',
      description: 'Discovers the tools of a server, or of all servers when server_name is left out.',
      inputSchema: z.object({ server_name: optionalText.describe('The name of the server; left out: all') }),
      annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    },
    ({ server_name: name }, { caller }) => discoverAllTools(caller, name),
  ),
  ownTool(
    {
      name: 'enkrypt_secure_call_tools',
      title: 'Securely Call Tools',
      description:
        'Calls tools of one server, in order, in one session. Pass all the calls that are needed in one list; an empty list tells the tools.',
      inputSchema: z.object({
        server_name: serverName.describe('The name of the server that has the tools'),
        tool_calls: toolCalls.default([]).describe('The calls: objects of name and args'),
      }),
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: false, openWorldHint: true },
    },
    ({ server_name: name, tool_calls: calls }, { caller, signal }) => {
      const requested = calls.map((call) => ({ name: call.name, args: call.args ?? {} }));
      return secureCallTools(caller, { serverName: name, calls: requested, signal });
    },
  ),
];

const CACHE_TOOLS: readonly OwnTool[] = [
  ownTool(
    {
      name: 'enkrypt_get_cache_status',
      title: 'Get Cache Status',
      description: 'Gets the status of the caches: what is cached, where, and whether this node is coherent.',
      inputSchema: z.object({}),
      annotations: { readOnlyHint: true, destructiveHint: false, idempotentHint: true, openWorldHint: false },
    },
    (_none, { caller }) => getCacheStatus(caller),
  ),
  ownTool(
    {
      name: 'enkrypt_clear_cache',
      title: 'Clear Cache',
      description: 'Clears caches of this gateway on every node: all, the gateway configuration, or tool lists.',
      inputSchema: z.object({
        id: optionalText.describe('The id of the gateway; left out: the one that your key opens'),
        server_name: optionalText.describe('Only the tool list of this server'),
        cache_type: optionalText.describe('all (default), gateway_config, server_config or tools'),
        wait: clearWait.describe(
          'committed (default): every node follows within its bound; fenced: no node serves it any more',
        ),
      }),
      annotations: { readOnlyHint: false, destructiveHint: true, idempotentHint: true, openWorldHint: false },
    },
    ({ id, server_name: name, cache_type: cacheType, wait }, { caller }) =>
      clearCache(caller, { id, serverName: name, cacheType, wait }),
  ),
];

/** The gateway's own tools, in the order of the list. */
export const OWN_TOOLS: readonly OwnTool[] = [...SERVER_TOOLS, ...CACHE_TOOLS];

/** Their definitions, as a list that is answered in pages. */
export const OWN_LIST: PagedTools = {
  tools: OWN_TOOLS.map(({ definition }) => definition),
  sizes: OWN_TOOLS.map(({ definition }) => JSON.stringify(definition).length),
};
