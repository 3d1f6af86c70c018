import type { CallToolResult, Progress, Tool } from '@modelcontextprotocol/client';
import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/server';
import { UpstreamError } from '../upstream/upstream-error.ts';
import type { Caller } from './services.ts';
import { callServer } from './tool-call.ts';

/** A call by a name of the merged list. */
export interface DirectCall {
  readonly name: string;
  readonly args: Record<string, unknown>;
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
  /** Called with what the server tells of its progress; undefined: nobody wants to know. */
  readonly onProgress: ((progress: Progress) => void) | undefined;
}

/** What a direct call brought. */
interface DirectAnswer {
  readonly result: CallToolResult;
  /** The tool that answered, as its server describes it. */
  readonly tool: Tool;
}

/**
 * Calls the tool that a name of the merged list stands for. Its result is passed on as it is: whoever reads it has the
 * schema to check it by. Rejects with the server's own protocol error, or with one that says why there is no answer;
 * undefined: no server has such a tool.
 */
export async function callMergedTool(caller: Caller, call: DirectCall): Promise<DirectAnswer | undefined> {
  const { name, args, signal, onProgress } = call;
  const found = await caller.services.mergedTools?.find(caller.gateway, name);
  if (found === undefined) return undefined;
  if ('status' in found) throw noAnswer(found.message, found.code);
  const { server, tool } = found;
  const definition = server.tools === undefined ? withoutOutput(tool) : undefined;
  try {
    const result = await callServer(caller, { server, name: tool.name, args, tool: definition, onProgress }, signal);
    return { result, tool };
  } catch (error) {
    throw error instanceof UpstreamError ? translated(error) : error;
  }
}

function translated(error: UpstreamError): ProtocolError {
  const { cause } = error;
  if (error.code !== 'refused' || !(cause instanceof ProtocolError)) return noAnswer(error.message, error.code);
  return new ProtocolError(cause.code, cause.message, cause.data);
}

function noAnswer(message: string, code: string): ProtocolError {
  return new ProtocolError(ProtocolErrorCode.InternalError, message, { error_code: code });
}

function withoutOutput({ outputSchema: _checkedByTheClient, ...tool }: Tool): Tool {
  return tool;
}
