/** A server as the tool cache knows it. */
export interface ServerRef {
  /** The id of the MCP configuration that the server stands in. */
  readonly configId: string;
  readonly serverName: string;
  /** Differs when the server is reached in another way, or with other credentials: such lists are never mixed. */
  readonly fingerprint: string;
  /**
   * Names the authorisation context in which the server is asked: a private list is kept for it alone. undefined: there is
   * none, and a private list is not kept at all.
   */
  readonly principal: string | undefined;
  /** Whether what this server calls `public` is shared by all contexts. */
  readonly believesPublic: boolean;
}

/** An access token as the token cache knows it: the one that a server is sent. */
export interface TokenRef extends Pick<ServerRef, 'configId' | 'serverName'> {
  /**
   * Differs where another token would be asked for: another endpoint, client, secret, scope, audience or parameter. A digest,
   * never the secret itself.
   */
  readonly identity: string;
}

/** A gateway as its caches know it. */
export interface GatewayRef {
  readonly gatewayId: string;
  readonly configId: string;
  /** Names of the keys that open it, as `gatewayId` is asked for them. */
  readonly keys: readonly string[];
  /** Whether any of its servers is sent access tokens: then a clear of everything concerns them as well. Default: false. */
  readonly sendsTokens?: boolean;
}

type Server = Pick<ServerRef, 'configId' | 'serverName'>;

/** The key of a server's tool list, for all contexts or for one: config id, server name, and how the server is reached. */
export function toolsKey({ configId, serverName, fingerprint }: ServerRef, principal?: string): string {
  const shared = [configId, serverName, fingerprint];
  return JSON.stringify(principal === undefined ? shared : [...shared, principal]);
}

/** The tags of a server's tool list: its server's, and its configuration's. */
export function toolsTags({ configId, serverName }: Server): readonly [string, string] {
  return [serverTag(configId, serverName), configTag(configId)];
}

/** Covers one server's tool lists, however the server is or was reached. */
export function serverTag(configId: string, serverName: string): string {
  return `server:${JSON.stringify([configId, serverName])}`;
}

/** Covers the tool lists of every server of one MCP configuration. */
export function configTag(configId: string): string {
  return `mcp-config:${configId}`;
}

/** The key of a server's token: config id, server name, and what is asked for. */
export function tokenKey({ configId, serverName, identity }: TokenRef): string {
  return JSON.stringify([configId, serverName, identity]);
}

/** The tags of a server's token; others than those of its tools, whose changes do not concern it. */
export function tokenTags({ configId, serverName }: Server): readonly [string, string] {
  return [serverTokensTag(configId, serverName), configTokensTag(configId)];
}

/** Covers one server's tokens, whatever was asked for. */
export function serverTokensTag(configId: string, serverName: string): string {
  return `tokens-of-server:${JSON.stringify([configId, serverName])}`;
}

/** Covers the tokens of every server of one MCP configuration. */
export function configTokensTag(configId: string): string {
  return `tokens-of-mcp-config:${configId}`;
}

/** Covers one gateway's configuration. */
export function gatewayTag(gatewayId: string): string {
  return `gateway:${gatewayId}`;
}
