import type { ServerDefinition } from '@lockstep/config';
import type { CallToolResult, Tool } from '@modelcontextprotocol/client';
import { UpstreamError } from '../upstream/upstream-error.ts';
import type { Answer } from './answer.ts';
import { byName, failure, isAnswer, serverOf } from './answer.ts';
import type { Caller } from './services.ts';
import { callServer } from './tool-call.ts';

/** The most calls in one request. */
export const TOOL_CALLS_MAX = 100;

/** One call as a client asks for it. */
interface RequestedCall {
  readonly name: string;
  readonly args: Record<string, unknown>;
}

/** A batch of calls on one server. */
export interface RequestedCalls {
  readonly serverName: string;
  readonly calls: readonly RequestedCall[];
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
}

/**
 * `enkrypt_secure_call_tools`: the calls in order, in one session of the server. A call that fails is told and does
 * not stop the next; a tool that the server's list has not is not called. Without calls, the tools are told.
 */
export async function secureCallTools(caller: Caller, { serverName, calls, signal }: RequestedCalls): Promise<Answer> {
  const server = serverOf(caller, serverName);
  if (isAnswer(server)) return server;
  const found = await caller.services.discovery.find(caller.gateway, server);
  if (found.status === 'error') return failure(found.message, { server_name: server.name, error_code: found.code });
  const tools = byName(found.tools);
  if (calls.length === 0) {
    return {
      status: 'success',
      message: `Tools of ${server.name}`,
      server_name: server.name,
      tools,
      source: found.source,
    };
  }
  const results: CallAnswer[] = [];
  for (const [index, call] of calls.entries()) {
    const tool = Object.hasOwn(tools, call.name) ? tools[call.name] : undefined;
    const place = { call_index: index, server_name: server.name, tool_name: call.name, args: call.args };
    results.push({ ...(await answerOf(caller, { server, tool, call }, signal)), enkrypt_mcp_data: place });
  }
  return summary(server.name, results);
}

interface CallAnswer extends Record<string, unknown> {
  readonly status: 'success' | 'error';
}

interface Target {
  readonly server: ServerDefinition;
  /** The tool as it is known; undefined: the server has none of that name. */
  readonly tool: Tool | undefined;
  readonly call: RequestedCall;
}

async function answerOf(caller: Caller, { server, tool, call }: Target, signal: AbortSignal): Promise<CallAnswer> {
  if (tool === undefined) {
    const error = `Tool '${call.name}' not found on ${server.name}. If it is new, clear the cache of this server.`;
    return { status: 'error', error, message: error };
  }
  // A tool that the configuration lists has no schema of the server's to check its result by.
  const definition = server.tools === undefined ? tool : undefined;
  try {
    return resultOf(await callServer(caller, { server, ...call, tool: definition, onProgress: undefined }, signal));
  } catch (error) {
    if (!(error instanceof UpstreamError)) throw error;
    return { status: 'error', error: error.message, message: error.message, error_code: error.code };
  }
}

function resultOf(result: CallToolResult): CallAnswer {
  const text = result.content.flatMap((block) => (block.type === 'text' ? [block.text] : [])).join('\n');
  const failed = result.isError === true;
  return {
    status: failed ? 'error' : 'success',
    message: failed ? 'The tool reports an error.' : 'Request processed successfully',
    ...(failed ? { error: text } : {}),
    response: text,
    content: result.content,
    ...(result.structuredContent === undefined ? {} : { structured_content: result.structuredContent }),
  };
}

function summary(serverName: string, results: readonly CallAnswer[]): Answer {
  const successful = results.filter(({ status }) => status === 'success').length;
  return {
    status: successful === 0 ? 'error' : 'success',
    server_name: serverName,
    summary: {
      total_calls: results.length,
      successful_calls: successful,
      blocked_calls: 0,
      failed_calls: results.length - successful,
    },
    results,
  };
}
