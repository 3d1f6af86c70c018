import type { ServerDefinition } from '@lockstep/config';
import type { CallToolResult } from '@modelcontextprotocol/client';
import type { ToolCall } from '../upstream/connection.ts';
import type { Caller } from './services.ts';

/** A call of a tool of one of the caller's servers. */
export interface ServerCall extends ToolCall {
  readonly server: ServerDefinition;
}

/**
 * Calls a tool; rejects with `UpstreamError` when there is no answer. A server that says it has no such tool, or that
 * it takes other arguments, has probably changed: its list is asked for again.
 */
export async function callServer(
  { services, gateway }: Caller,
  { server, ...call }: ServerCall,
  signal: AbortSignal,
): Promise<CallToolResult> {
  const { pool, earlyExpiry } = services;
  try {
    const result = await pool.of(gateway, server).callTool(call, signal);
    earlyExpiry.answered(gateway, server, result);
    return result;
  } catch (error) {
    earlyExpiry.refused(gateway, server, error);
    throw error;
  }
}
