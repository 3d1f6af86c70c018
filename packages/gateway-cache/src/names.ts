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

/** A gateway as its caches know it. */
export interface GatewayRef {
  readonly gatewayId: string;
  readonly configId: string;
  /** Names of the keys that open it, as `gatewayId` is asked for them. */
  readonly keys: readonly string[];
}

/**
 * The key of a server's tool list, for all contexts or for one: config id, server name, how the server is reached, and
 * whether it is believed: what a node shares that believes it is not found by one that does not.
 */
export function toolsKey({ configId, serverName, fingerprint, believesPublic }: ServerRef, principal?: string): string {
  const shared = [configId, serverName, believesPublic ? `public ${fingerprint}` : fingerprint];
  return JSON.stringify(principal === undefined ? shared : [...shared, principal]);
}

/** The tags of a server's tool list: its server's, its configuration's, its connection's, and its context's if it has one. */
export function toolsTags(server: ServerRef, principal?: string): readonly string[] {
  const { configId, serverName } = server;
  const shared = [serverTag(configId, serverName), configTag(configId), connectionTag(server)];
  return principal === undefined ? shared : [...shared, principalTag(principal)];
}

/** Covers one server's tool lists, however the server is or was reached. */
export function serverTag(configId: string, serverName: string): string {
  return `server:${JSON.stringify([configId, serverName])}`;
}

/** Covers one server's tool lists, as far as they came over one connection. */
export function connectionTag(server: ServerRef): string {
  return `connection:${toolsKey(server)}`;
}

/** Covers the private tool lists of one authorisation context. */
export function principalTag(principal: string): string {
  return `principal:${principal}`;
}

/** Covers the tool lists of every server of one MCP configuration. */
export function configTag(configId: string): string {
  return `mcp-config:${configId}`;
}

/** Covers one gateway's configuration. */
export function gatewayTag(gatewayId: string): string {
  return `gateway:${gatewayId}`;
}
