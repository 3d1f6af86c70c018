import type { GatewayDefinition, UpstreamConfig } from '@lockstep/config';
import type { AuditTrail, GatewayCache } from '@lockstep/gateway-cache';
import type { Tool } from '@modelcontextprotocol/client';
import type { Logger } from 'pino';
import type { Discovery } from '../discovery.ts';
import type { EarlyExpiry } from '../early-expiry.ts';
import type { KeyRing, OpenedGateway } from '../key-ring.ts';
import type { AccessTokens } from '../oauth/access-tokens.ts';
import type { ToolsChanges } from '../tools-changes.ts';
import type { UpstreamPool } from '../upstream/upstream-pool.ts';
import type { MergedTools } from './merged-tools.ts';

/** What the gateway's MCP tools work with; one for the whole node. */
export interface GatewayServices {
  readonly cache: GatewayCache<GatewayDefinition, Tool>;
  readonly keyRing: KeyRing<Tool>;
  /** Who cleared what: every clear and expire is told to it. */
  readonly audit: AuditTrail;
  readonly discovery: Discovery;
  /** The list of all tools; undefined: the gateway lists its own alone. */
  readonly mergedTools: MergedTools | undefined;
  readonly earlyExpiry: EarlyExpiry;
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
