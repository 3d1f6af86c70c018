import type { GatewayDefinition, UpstreamConfig } from '@lockstep/config';
import type { GatewayCache } from '@lockstep/gateway-cache';
import type { Tool } from '@modelcontextprotocol/client';
import type { Logger } from 'pino';
import type { Discovery } from '../discovery.ts';
import type { KeyRing } from '../key-ring.ts';
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
}

/** Who asks: the gateway that the request's key opened. */
export interface Caller {
  readonly services: GatewayServices;
  readonly gateway: GatewayDefinition;
}
