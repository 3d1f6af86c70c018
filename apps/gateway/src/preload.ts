import type { GatewayDefinition, GatewayDirectory, ServerDefinition } from '@lockstep/config';
import type { Logger } from 'pino';
import type { Discovery } from './discovery.ts';

/** How many servers are discovered at once: few, so that a request never waits behind them for long. */
const AT_ONCE_MAX = 8;

/** What preloading takes. */
export interface PreloadOptions {
  readonly discovery: Pick<Discovery, 'find'>;
  readonly directory: GatewayDirectory;
  readonly timeoutMs: number;
  /** How many connections to servers there may be. */
  readonly connectionsMax: number;
  readonly logger: Logger;
  /** Aborted when the node closes. */
  readonly closing: AbortSignal;
}

/** What a preload came to. */
export interface Preloaded {
  readonly found: number;
  readonly failed: number;
  /** Left, or under way, when the time was over. */
  readonly left: number;
}

/**
 * Discovers the tools of every server of every gateway through the caches, before the node says that it is ready. Nodes
 * that start together share the work: each goes through the servers in an order of its own, and what one discovers the
 * others find. Ends when its time is over; what is under way then goes on, and nothing more is begun. Never rejects.
 */
export async function preload(options: PreloadOptions): Promise<Preloaded> {
  const { closing, connectionsMax, directory, discovery, logger, timeoutMs } = options;
  const startedMs = performance.now();
  const servers = inOrder(directory);
  const queue = [...servers];
  const over = AbortSignal.any([closing, AbortSignal.timeout(timeoutMs)]);
  const counts = { found: 0, failed: 0 };
  const work = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined && !over.aborted; next = queue.shift()) {
      const { status } = await discovery.find(next.gateway, next.server);
      counts[status === 'success' ? 'found' : 'failed']++;
    }
  };
  const workers = Array.from({ length: Math.min(AT_ONCE_MAX, connectionsMax) }, work);
  await Promise.race([Promise.all(workers), aborted(over)]);
  const preloaded = { ...counts, left: servers.length - counts.found - counts.failed };
  const tookMs = Math.round(performance.now() - startedMs);
  if (servers.length > 0 && !closing.aborted)
    logger.info({ ...preloaded, tookMs }, 'the tools of the servers are preloaded');
  return preloaded;
}

interface Target {
  readonly gateway: GatewayDefinition;
  readonly server: ServerDefinition;
}

/** Every server once, at random; then those that other gateways have too, whose lists may be private to each. */
function inOrder(directory: GatewayDirectory): readonly Target[] {
  const seen = new Set<string>();
  const [first, again]: [Target[], Target[]] = [[], []];
  for (const gateway of directory.gateways) {
    for (const server of gateway.servers) {
      if (server.tools !== undefined) continue;
      const name = JSON.stringify([gateway.configId, server.name]);
      (seen.has(name) ? again : first).push({ gateway, server });
      seen.add(name);
    }
  }
  return [...shuffled(first), ...shuffled(again)];
}

function shuffled<T>(list: readonly T[]): readonly T[] {
  return list
    .map((item) => ({ item, at: Math.random() }))
    .sort((left, right) => left.at - right.at)
    .map(({ item }) => item);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
