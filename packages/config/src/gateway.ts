import { createHash } from 'node:crypto';
import type { GatewayDocument, ServerEntry, StaticTool } from './gateway-document.ts';
import type { OAuthClient } from './oauth.ts';
import { buildOAuth } from './oauth.ts';
import type { KeyRole } from './role.ts';

/** How to reach an MCP server. */
export type ServerConnection =
  | {
      readonly kind: 'stdio';
      readonly command: string;
      readonly args: readonly string[];
      readonly env: Readonly<Record<string, string>>;
      readonly cwd: string | undefined;
    }
  | {
      readonly kind: 'http';
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      /** How to get the access tokens that the server is sent; undefined: it is sent none. */
      readonly oauth: OAuthClient | undefined;
    };

/** An MCP server behind the gateway. */
export interface ServerDefinition {
  readonly name: string;
  readonly description: string;
  readonly connection: ServerConnection;
  /** Tools that the configuration lists itself: such a server is not discovered. */
  readonly tools: Readonly<Record<string, StaticTool>> | undefined;
  /** Whether what the server calls `public` may be shared by everyone; else it is as private as what it calls that. */
  readonly trustsCacheScope: boolean;
  /** Differs when the connection differs in anything; 32 hexadecimal characters. Derived from secrets: never log it. */
  readonly fingerprint: string;
}

/** What a gateway key opens: one user's view of one project's MCP servers. */
export interface GatewayDefinition {
  /** `<user id>_<project id>_<MCP config id>`. */
  readonly id: string;
  readonly userId: string;
  readonly email: string;
  readonly projectId: string;
  readonly projectName: string;
  readonly configId: string;
  readonly configName: string;
  readonly servers: readonly ServerDefinition[];
}

/** A gateway key and the gateway it opens. */
export interface GatewayKey {
  readonly key: string;
  readonly gatewayId: string;
  readonly role: KeyRole;
}

/** Every gateway of a configuration file, and the keys to them. */
export interface GatewayDirectory {
  readonly keys: readonly GatewayKey[];
  readonly gateways: readonly GatewayDefinition[];
}

/** Builds the directory from a document whose form and references have been checked. */
export function buildDirectory(document: GatewayDocument): GatewayDirectory {
  const servers = new Map(
    Object.entries(document.mcp_configs).map(([id, config]) => [id, config.mcp_config.map(buildServer)] as const),
  );
  const gateways = new Map<string, GatewayDefinition>();
  const keys = Object.entries(document.apikeys).map(([key, { project_id: projectId, user_id: userId, role }]) => {
    const project = document.projects[projectId];
    const configId = project?.mcp_config_id ?? '';
    const gateway: GatewayDefinition = {
      id: `${userId}_${projectId}_${configId}`,
      userId,
      email: document.users[userId]?.email ?? '',
      projectId,
      projectName: project?.project_name ?? projectId,
      configId,
      configName: document.mcp_configs[configId]?.mcp_config_name ?? configId,
      servers: servers.get(configId) ?? [],
    };
    gateways.set(gateway.id, gateway);
    return { key, gatewayId: gateway.id, role: role ?? 'operator' };
  });
  return { keys, gateways: [...gateways.values()] };
}

function buildServer(entry: ServerEntry): ServerDefinition {
  const connection = buildConnection(entry);
  const tools = entry.tools ?? {};
  return {
    name: entry.server_name,
    description: entry.description ?? '',
    connection,
    tools: Object.keys(tools).length === 0 ? undefined : tools,
    trustsCacheScope: entry.trust_cache_scope === true,
    fingerprint: fingerprintOf(connection),
  };
}

function buildConnection({ config: entry, oauth_config: oauth }: ServerEntry): ServerConnection {
  if (entry.url !== undefined) {
    return { kind: 'http', url: entry.url, headers: entry.headers ?? {}, oauth: buildOAuth(oauth) };
  }
  const { command = '', args = [], env = {}, cwd } = entry;
  return { kind: 'stdio', command, args, env, cwd };
}

function fingerprintOf(connection: ServerConnection): string {
  const parts =
    connection.kind === 'http'
      ? [
          connection.url,
          sorted(connection.headers),
          ...(connection.oauth === undefined ? [] : [connection.oauth.identity]),
        ]
      : [connection.command, connection.args, sorted(connection.env), connection.cwd ?? null];
  return createHash('sha256')
    .update(JSON.stringify([connection.kind, parts]))
    .digest('hex')
    .slice(0, 32);
}

function sorted(record: Readonly<Record<string, string>>): readonly (readonly [string, string])[] {
  return Object.entries(record).sort(([left], [right]) => (left < right ? -1 : 1));
}
