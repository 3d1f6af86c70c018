import type { GatewayConfig, GatewayDefinition } from '@lockstep/config';
import type { GatewayCache } from '@lockstep/gateway-cache';
import type { Tool } from '@modelcontextprotocol/client';
import type { Logger } from 'pino';
import type { KeyRing } from '../key-ring.ts';
import type { UpstreamPool } from '../upstream/upstream-pool.ts';
import { ClusterClears } from './cluster-clears.ts';
import type { LiveConfigOrigin, LiveConfigStatus, Reload } from './live-config.ts';
import { LiveConfig } from './live-config.ts';

/** What following a configuration takes of the node. */
export interface FollowOptions {
  readonly started: GatewayConfig;
  readonly cache: GatewayCache<GatewayDefinition, Tool>;
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
  const { cache, closing, keyRing, logger, pool, started } = options;
  const clears = new ClusterClears({ cache, logger, closing, hasRun: (revision) => live.hasRun(revision) });
  const live = new LiveConfig({
    ...origin,
    started,
    logger,
    closing,
    apply: (directory, changes, revision) => {
      keyRing.replace(directory);
      pool.keepOnly(directory.gateways);
      return clears.add(changes, revision);
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
