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

/** What the tool lists of one server are kept by. */
interface ToolsNames {
  /**
   * The key for all contexts: config id, server name, how the server is reached, and whether it is believed: what a node
   * shares that believes it is not found by one that does not.
   */
  readonly key: string;
  /** The key for the context of the server's principal alone. */
  readonly ofPrincipal: string;
  /** The tags: the server's, its configuration's, its connection's. */
  readonly tags: readonly string[];
  /** The same, and the principal's. */
  readonly tagsOfPrincipal: readonly string[];
}

/** Names are asked for with every lookup, and mostly of the same few objects. */
const known: WeakMap<ServerRef, ToolsNames> = new WeakMap();

/** The names of a server's tool lists in the caches. */
export function toolsNames(server: ServerRef): ToolsNames {
  const names = known.get(server) ?? makeNames(server);
  known.set(server, names);
  return names;
}

function makeNames({ configId, serverName, fingerprint, principal, believesPublic }: ServerRef): ToolsNames {
  const shared = [configId, serverName, believesPublic ? `public ${fingerprint}` : fingerprint];
  const key = JSON.stringify(shared);
  const tags = [serverTag(configId, serverName), configTag(configId), `connection:${key}`];
  const tagsOfPrincipal = principal === undefined ? tags : [...tags, principalTag(principal)];
  return { key, ofPrincipal: JSON.stringify([...shared, principal]), tags, tagsOfPrincipal };
}

/** Covers one server's tool lists, however the server is or was reached. */
export function serverTag(configId: string, serverName: string): string {
  return `server:${JSON.stringify([configId, serverName])}`;
}

/** Covers one server's tool lists, as far as they came over one connection. */
export function connectionTag(server: ServerRef): string {
  return `connection:${toolsNames(server).key}`;
}

/** Covers the private tool lists of one authorisation context. */
export function principalTag(principal: string): string {
  return `principal:${principal}`;
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
export function tokenTags({ configId, serverName }: TokenRef): readonly [string, string] {
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
