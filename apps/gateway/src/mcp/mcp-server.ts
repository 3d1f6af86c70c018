import type { Progress, ServerContext, Tool } from '@modelcontextprotocol/server';
import { ProtocolError, ProtocolErrorCode, Server } from '@modelcontextprotocol/server';
import { callMergedTool } from './direct-call.ts';
import { OWN_TTL_MS } from './list-freshness.ts';
import { pageOf } from './list-pages.ts';
import type { MergedPage } from './merged-tools.ts';
import { OWN_LIST, OWN_TOOLS } from './own-tools.ts';
import type { Caller } from './services.ts';

const SERVER_INFO = { name: 'lockstep-gateway', version: '0.1.0' };
const INSTRUCTIONS =
  'A gateway to several MCP servers. Call their tools by the names of the tool list, <server>__<tool>; or list the servers, discover their tools, and call tools by server and name.';
const OWN_BY_NAME = new Map(OWN_TOOLS.map((tool) => [tool.definition.name, tool]));

/** The MCP server that answers one request of one caller, of the given era of the protocol. */
export function buildMcpServer(caller: Caller, era: 'modern' | 'legacy'): Server {
  const server = new Server(SERVER_INFO, {
    instructions: INSTRUCTIONS,
    capabilities: { tools: { listChanged: true } },
  });
  server.setRequestHandler('tools/list', async ({ params }) => {
    const { mergedTools } = caller.services;
    const page =
      mergedTools === undefined ? ownTools(params?.cursor) : await mergedTools.page(caller.gateway, params?.cursor);
    if (page === undefined) {
      const message = 'cursor: not one of this list, or the tool it names is gone; ask again without a cursor';
      throw new ProtocolError(ProtocolErrorCode.InvalidParams, message);
    }
    const { tools, nextCursor, hint } = page;
    return { tools: tools as Tool[], ...(nextCursor !== undefined && { nextCursor }), ...(era === 'modern' && hint) };
  });
  server.setRequestHandler('tools/call', async ({ params }, context) => {
    const { name, arguments: args = {} } = params;
    const { signal } = context.mcpReq;
    const own = OWN_BY_NAME.get(name);
    if (own !== undefined) return own.call(args, { caller, signal });
    const answer = await callMergedTool(caller, { name, args, signal, onProgress: progressOf(context) });
    if (answer === undefined) throw new ProtocolError(ProtocolErrorCode.InvalidParams, `Tool ${name} not found`);
    return server.projectCallToolResult(answer.result, answer.tool.outputSchema);
  });
  return server;
}

/** The list of the gateway's own tools: the same for everyone. */
function ownTools(cursor: string | undefined): MergedPage | undefined {
  const page = pageOf(OWN_LIST, cursor);
  return page && { ...page, hint: { ttlMs: OWN_TTL_MS, cacheScope: 'public' } };
}

/** Passes progress on under the client's own token; undefined: the client wants none. */
function progressOf({ mcpReq }: ServerContext): ((progress: Progress) => void) | undefined {
  const progressToken = mcpReq._meta?.progressToken;
  if (progressToken === undefined) return undefined;
  return (progress) => {
    const told = mcpReq.notify({ method: 'notifications/progress', params: { ...progress, progressToken } });
    // A client that has left misses nothing.
    told.catch(() => undefined);
  };
}
