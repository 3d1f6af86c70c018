import type { GatewayConfig, GatewayDefinition } from '@lockstep/config';
import type { AuditTrail, GatewayCache } from '@lockstep/gateway-cache';
import type { Tool } from '@modelcontextprotocol/client';
import type { Logger } from 'pino';
import type { RecordedOutcome } from '../audit.ts';
import type { KeyRing } from '../key-ring.ts';
import type { UpstreamPool } from '../upstream/upstream-pool.ts';
import { ClusterClears } from './cluster-clears.ts';
import type { DirectoryChanges } from './directory-changes.ts';
import type { LiveConfigOrigin, LiveConfigStatus, Reload } from './live-config.ts';
import { LiveConfig } from './live-config.ts';

/** What following a configuration takes of the node. */
export interface FollowOptions {
  readonly started: GatewayConfig;
  readonly cache: GatewayCache<GatewayDefinition, Tool>;
  readonly audit: AuditTrail;
  readonly keyRing: KeyRing<Tool>;
  readonly pool: UpstreamPool;
  readonly logger: Logger;
  readonly closing: AbortSignal;
}

/** A configuration that a node follows. */
export interface FollowedConfig {
  status(): LiveConfigStatus & { readonly clearsWaiting: number };
  /** Looks at the source at once; resolves once what changed was cleared on every node, or that was tried. */
  reload(): Promise<Reload>;
  /** Begins to follow. */
  watch(): void;
  /** Ends soon after the node began to close. */
  close(): Promise<void>;
}

/** Has a node follow a configuration: its keys and gateways, its connections, and the caches of all nodes. */
export function followConfig(origin: LiveConfigOrigin, options: FollowOptions): FollowedConfig {
  const { audit, cache, closing, keyRing, logger, pool, started } = options;
  const clears = new ClusterClears({ cache, logger, closing, hasRun: (revision) => live.hasRun(revision) });
  const live = new LiveConfig({
    ...origin,
    started,
    logger,
    closing,
    apply: async (directory, changes, revision) => {
      keyRing.replace(directory);
      pool.keepOnly(directory.gateways);
      await clears.add(changes, revision);
      await recordChanges(audit, changes, clears.waiting > 0 ? 'unknown' : 'done');
    },
  });
  return {
    status: () => ({ ...live.status, clearsWaiting: clears.waiting }),
    reload: () => live.reload(),
    watch: () => live.watch(),
    close: async () => {
      await Promise.all([live.close(), clears.ended()]);
    },
  };
}

/** Writes down what a changed configuration revoked and cleared; nothing where that is nothing. Never rejects. */
async function recordChanges(
  audit: AuditTrail,
  { revokedGrants, goneConfigs, goneConnections, goneGateways }: DirectoryChanges,
  state: RecordedOutcome['state'],
): Promise<void> {
  const cleared = goneConfigs.length + goneConnections.length + goneGateways.length;
  if (revokedGrants.length + cleared === 0) return;
  const connections = [...new Set(goneConnections.map(({ configId, serverName }) => `${configId}/${serverName}`))];
  await audit.record({
    actor: 'config',
    action: revokedGrants.length > 0 ? 'revoke' : 'clear',
    scope: { keys: revokedGrants.length, configurations: goneConfigs.length, connections, gateways: goneGateways },
    reason: 'the configuration changed',
    outcome: { state, receipts: [] } satisfies RecordedOutcome,
  });
}
