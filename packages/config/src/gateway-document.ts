import { z } from 'zod';
import type { AdminTokenEntry } from './admin.ts';
import { adminTokensSchema } from './admin.ts';
import { field } from './field.ts';
import type { KeyRole } from './role.ts';

const NAME_LENGTH_MAX = 200;

/** A tool that the file itself lists: its description, or an object with it. */
export type StaticTool = string | Readonly<Record<string, unknown>>;

/** One MCP server as the file has it. */
export interface ServerEntry {
  readonly server_name: string;
  readonly description?: string | undefined;
  readonly config: ConnectionEntry;
  readonly tools?: Readonly<Record<string, StaticTool>> | null | undefined;
  readonly trust_cache_scope?: boolean | undefined;
  /** Checked with what it does to the connection, where it is switched on: see `oauthProblems`. */
  readonly oauth_config?: Readonly<Record<string, unknown>> | null | undefined;
}

/** How to reach an MCP server, as the file has it: `command` or `url`. */
interface ConnectionEntry {
  readonly type?: string | undefined;
  readonly command?: string | undefined;
  readonly args?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly cwd?: string | undefined;
  readonly url?: string | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A gateway key as the file has it. */
interface KeyEntry {
  readonly project_id: string;
  readonly user_id: string;
  readonly role?: KeyRole | undefined;
}

/** The part of the file that says who may use which MCP servers. */
export interface GatewayDocument {
  readonly mcp_configs: Readonly<
    Record<string, { readonly mcp_config_name?: string | undefined; readonly mcp_config: readonly ServerEntry[] }>
  >;
  readonly projects: Readonly<
    Record<string, { readonly project_name?: string | undefined; readonly mcp_config_id?: string | null | undefined }>
  >;
  readonly users: Readonly<Record<string, { readonly email?: string | undefined }>>;
  readonly apikeys: Readonly<Record<string, KeyEntry>>;
  readonly admin_tokens: Readonly<Record<string, AdminTokenEntry>>;
}

/** Known, and without effect here: any value. */
const noEffect = z.unknown().optional();
const name = z.string().min(1).max(NAME_LENGTH_MAX);
const nameTakes = `text of 1 to ${NAME_LENGTH_MAX} characters`;
const text = field(z.string(), 'text').optional();
/** A part of the original gateway that this one does not have: it may be there, but not switched on. */
const switchedOff = (what: string): z.ZodType =>
  field(
    z.looseObject({ enabled: field(z.literal(false), `false: this gateway has no ${what}`).optional() }),
    'an object',
  ).optional();
const off = (what: string): z.ZodType => field(z.literal(false), `false: this gateway has no ${what}`).optional();

const connectionSchema = field(
  z.strictObject({
    type: field(z.enum(['stdio', 'http', 'streamable-http']), 'stdio, http or streamable-http').optional(),
    command: field(z.string().min(1), 'a program to start').optional(),
    args: field(z.array(field(z.string(), 'text')), 'a list of texts', { secret: true }).optional(),
    env: field(z.record(z.string(), field(z.string(), 'text')), 'an object of texts', { secret: true }).optional(),
    cwd: field(z.string().min(1), 'a folder').optional(),
    url: field(z.url({ protocol: /^https?$/ }), 'an http:// or https:// URL').optional(),
    headers: field(z.record(z.string(), field(z.string(), 'text')).refine(areHeaders), 'an object of HTTP headers', {
      secret: true,
    }).optional(),
  }),
  'an object with a command (and args, env), or with a url (and headers)',
);

function areHeaders(headers: Readonly<Record<string, string>>): boolean {
  return Object.entries(headers).every(
    ([name, value]) => /^[\w!#$%&'*+.^`|~-]+$/.test(name) && !/[\r\n\0]/.test(value),
  );
}

const toolsSchema = field(
  z.record(
    z.string(),
    field(
      z.custom<StaticTool>((tool) => typeof tool === 'string' || (typeof tool === 'object' && tool !== null)),
      'a description, or an object with one',
    ),
  ),
  'an object of tools by name; empty, or left out: discover them',
);

/** What is in it counts only where it is switched on. */
const oauthSection = field(
  z.looseObject({ enabled: field(z.boolean(), 'true or false').optional() }).nullable(),
  'an object of OAuth settings',
).optional();

const serverSchema = field(
  z.strictObject({
    server_name: field(name, nameTakes),
    description: text,
    config: connectionSchema,
    tools: toolsSchema.nullable().optional(),
    trust_cache_scope: field(z.boolean(), 'true or false').optional(),
    oauth_config: oauthSection,
    enable_server_info_validation: noEffect,
    enable_tool_guardrails: off('guardrails'),
    tool_guardrails_policy: switchedOff('guardrails'),
    input_guardrails_policy: switchedOff('guardrails'),
    output_guardrails_policy: switchedOff('guardrails'),
  }),
  'an object with server_name and config',
);

const configSchema = field(
  z.strictObject({
    mcp_config_name: text,
    mcp_config: field(z.array(serverSchema), 'a list of MCP servers'),
    created_at: noEffect,
    updated_at: noEffect,
  }),
  'an object with mcp_config',
);

const projectSchema = field(
  z.strictObject({
    project_name: text,
    mcp_config_id: field(name.nullable(), 'the id of one of mcp_configs').optional(),
    users: noEffect,
    created_at: noEffect,
    updated_at: noEffect,
  }),
  'an object with mcp_config_id',
);

const userSchema = field(
  z.strictObject({ email: text, created_at: noEffect, updated_at: noEffect }),
  'an object with email',
);

const keySchema = field(
  z.strictObject({
    project_id: field(name, 'the id of one of projects'),
    user_id: field(name, 'the id of one of users'),
    role: field(z.enum(['viewer', 'operator']), 'viewer or operator').optional(),
    created_at: noEffect,
    updated_at: noEffect,
  }),
  'an object with project_id and user_id',
);

/** The sections that a gateway configuration file has of it, by name; each may be parsed on its own. */
export const documentShape: Readonly<Record<string, z.ZodType>> = {
  mcp_configs: field(z.record(z.string(), configSchema), 'an object of MCP configurations by id'),
  projects: field(z.record(z.string(), projectSchema), 'an object of projects by id'),
  users: field(z.record(z.string(), userSchema), 'an object of users by id'),
  apikeys: field(z.record(z.string(), keySchema), 'an object of gateway keys', { secretNames: true }),
  admin_tokens: adminTokensSchema,
};
