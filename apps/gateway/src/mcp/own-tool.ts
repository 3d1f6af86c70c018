import type { CallToolResult, Tool, ToolAnnotations } from '@modelcontextprotocol/server';
import { z } from 'zod';
import type { Answer } from './answer.ts';
import { toResult } from './answer.ts';
import type { Caller } from './services.ts';

/** One of the gateway's own tools. */
export interface OwnTool {
  readonly definition: Tool;
  /** Calls it. Arguments that it does not take, and whatever goes wrong, are told in the result. */
  call(args: unknown, asked: Asked): Promise<CallToolResult>;
}

/** Who calls, and until when. */
export interface Asked {
  readonly caller: Caller;
  /** Aborted when the client leaves. */
  readonly signal: AbortSignal;
}

/** A tool as its author describes it. */
interface OwnToolDefinition<S extends z.ZodType> {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly inputSchema: S;
  readonly annotations: ToolAnnotations;
}

/** Makes a tool whose arguments are parsed by its schema. The schema that clients see is made once. */
export function ownTool<S extends z.ZodType>(
  { inputSchema: schema, ...described }: OwnToolDefinition<S>,
  run: (args: z.output<S>, asked: Asked) => Promise<Answer>,
): OwnTool {
  const inputSchema = z.toJSONSchema(schema, { io: 'input' }) as Tool['inputSchema'];
  return {
    definition: { ...described, inputSchema },
    call: async (args, asked) => {
      const parsed = schema.safeParse(args ?? {});
      if (!parsed.success) {
        const issues = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`).join('; ');
        return toolError(`Input validation error: Invalid arguments for tool ${described.name}: ${issues}`);
      }
      try {
        return toResult(await run(parsed.data, asked));
      } catch (error) {
        return toolError(error instanceof Error ? error.message : String(error));
      }
    },
  };
}

function toolError(text: string): CallToolResult {
  return { content: [{ type: 'text', text }], isError: true };
}
