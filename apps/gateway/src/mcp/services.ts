import type { GatewayDefinition, UpstreamConfig } from '@lockstep/config';
import type { GatewayCache } from '@lockstep/gateway-cache';
import type { Tool } from '@modelcontextprotocol/client';
import type { Logger } from 'pino';
import type { FollowedConfig } from '../config/follow-config.ts';
import type { Discovery } from '../discovery.ts';
import type { KeyRing, OpenedGateway } from '../key-ring.ts';
import type { ToolsChanges } from '../tools-changes.ts';
import type { UpstreamPool } from '../upstream/upstream-pool.ts';

/** What the gateway's MCP tools work with; one for the whole node. */
export interface GatewayServices {
  readonly cache: GatewayCache<GatewayDefinition, Tool>;
  readonly keyRing: KeyRing<Tool>;
  readonly discovery: Discovery;
  readonly changes: ToolsChanges;
  readonly pool: UpstreamPool;
  readonly limits: UpstreamConfig;
  readonly logger: Logger;
  /** How following the configuration stands; undefined: it is not followed. */
  readonly configStatus: () => ReturnType<FollowedConfig['status']> | undefined;
}

/** Who asks: what the request's key has opened. */
export interface Caller extends OpenedGateway {
  readonly services: GatewayServices;
}
