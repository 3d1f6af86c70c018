import type { GatewayDefinition, ServerDefinition } from '@lockstep/config';
import type { GatewayCache } from '@lockstep/gateway-cache';
import type { Tool } from '@modelcontextprotocol/client';
import type { FoundTools, ServerTools } from '../discovery.ts';
import { refOf } from '../discovery.ts';
import type { HintPart } from './list-hint.ts';

/** What does not change while the node runs, its own tools and those of the configuration, may be kept for so long. */
export const OWN_TTL_MS = 300_000;
/** When to ask again for the tools of a server that has failed. */
const FAILED_TTL_MS = 5_000;

/** How long each server's part of the merged list is fresh. */
export class ListFreshness {
  readonly #cache: Pick<GatewayCache<GatewayDefinition, Tool>, 'toolsFreshForMs'>;
  /** When the lists that this node answers cease to be fresh, as the caches said when they first came. */
  readonly #untilMs: WeakMap<readonly Tool[], number> = new WeakMap();

  constructor(cache: Pick<GatewayCache<GatewayDefinition, Tool>, 'toolsFreshForMs'>) {
    this.#cache = cache;
  }

  /** What a server's tools, as they were found, mean for the whole list. Asks the caches once for each list. */
  async partOf(gateway: GatewayDefinition, server: ServerDefinition, found: ServerTools): Promise<HintPart> {
    const nowMs = performance.now();
    switch (found.status) {
      case 'pending':
        return { freshUntilMs: nowMs, cacheScope: 'private' };
      case 'error':
        return { freshUntilMs: nowMs + FAILED_TTL_MS, cacheScope: 'private' };
      case 'success': {
        const { cacheScope } = found;
        if (found.source === 'config') return { freshUntilMs: nowMs + OWN_TTL_MS, cacheScope };
        if (found.stale || found.degraded) return { freshUntilMs: nowMs, cacheScope };
        return { freshUntilMs: await this.#until(gateway, server, found), cacheScope };
      }
    }
  }

  async #until(gateway: GatewayDefinition, server: ServerDefinition, { tools }: FoundTools): Promise<number> {
    const known = this.#untilMs.get(tools);
    if (known !== undefined && known > performance.now()) return known;
    const freshForMs = await this.#cache.toolsFreshForMs(refOf(gateway, server)).catch(() => 0);
    const untilMs = performance.now() + freshForMs;
    this.#untilMs.set(tools, untilMs);
    return untilMs;
  }
}
