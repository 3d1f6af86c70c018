import type { GatewayDefinition, UpstreamConfig } from '@lockstep/config';
import type { GatewayCache } from '@lockstep/gateway-cache';
import type { Tool } from '@modelcontextprotocol/client';
import type { Logger } from 'pino';
import type { Discovery } from '../discovery.ts';
import type { KeyRing, OpenedGateway } from '../key-ring.ts';
import type { AccessTokens } from '../oauth/access-tokens.ts';
import type { ToolsChanges } from '../tools-changes.ts';
import type { UpstreamPool } from '../upstream/upstream-pool.ts';

/** What the gateway's MCP tools work with; one for the whole node. */
export interface GatewayServices {
  readonly cache: GatewayCache<GatewayDefinition, Tool>;
  readonly keyRing: KeyRing<Tool>;
  readonly discovery: Discovery;
  readonly changes: ToolsChanges;
  readonly pool: UpstreamPool;
  readonly tokens: AccessTokens;
  readonly limits: UpstreamConfig;
  readonly logger: Logger;
}

/** Who asks: what the request's key has opened. */
export interface Caller extends OpenedGateway {
  readonly services: GatewayServices;
}
