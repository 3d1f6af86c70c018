import type { ServerDefinition } from '@lockstep/config';
import type { CallToolResult, Tool } from '@modelcontextprotocol/server';
import type { ServerTools } from '../discovery.ts';
import type { Caller } from './services.ts';

/** An answer of one of the gateway's tools, by the names of the description; `status` is always there. */
export interface Answer extends Record<string, unknown> {
  readonly status: 'success' | 'error';
}

/** The answer as MCP carries it: as structured content, and as JSON text for clients that read only text. */
export function toResult(answer: Answer): CallToolResult {
  const result: CallToolResult = {
    content: [{ type: 'text', text: JSON.stringify(answer) }],
    structuredContent: answer,
  };
  return answer.status === 'error' ? { ...result, isError: true } : result;
}

/** An answer that says only what is wrong. */
export function failure(error: string, details: Readonly<Record<string, unknown>> = {}): Answer {
  return { status: 'error', error, message: error, ...details };
}

/** The caller's server of this name, or the answer that there is none. */
export function serverOf({ gateway }: Caller, name: string): ServerDefinition | Answer {
  const server = gateway.servers.find((candidate) => candidate.name === name);
  return server ?? failure(`Server '${name}' not available.`, { server_name: name });
}

/** Whether `found` is an answer, not a server. */
export function isAnswer(found: ServerDefinition | Answer): found is Answer {
  return 'status' in found;
}

/** One server's tools as the gateway's tools answer them. */
export function toolsAnswer(name: string, found: ServerTools): Readonly<Record<string, unknown>> {
  switch (found.status) {
    case 'success': {
      const { source, stale, degraded } = found;
      const message = `${found.tools.length} tools of ${name}, from ${SOURCES[source]}`;
      return { server_name: name, status: 'success', message, tools: byName(found.tools), source, stale, degraded };
    }
    case 'error':
      return {
        server_name: name,
        status: 'error',
        message: found.message,
        error: found.message,
        error_code: found.code,
      };
    case 'pending':
      return { server_name: name, status: 'pending', message: `${name} is still being discovered: ask again` };
  }
}

const SOURCES = {
  config: 'the configuration',
  near: "this node's near-cache",
  tier: 'the shared tier',
  origin: 'the server',
} as const;

/** Tools by their names, as the description has them. */
export function byName(tools: readonly Tool[]): Readonly<Record<string, Tool>> {
  return Object.fromEntries(tools.map((tool) => [tool.name, tool]));
}
