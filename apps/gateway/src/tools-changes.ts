import { isDeepStrictEqual } from 'node:util';
import type { GatewayDefinition } from '@lockstep/config';
import type { AuditTrail, ClearOutcome, GatewayCache } from '@lockstep/gateway-cache';
import type { Tool } from '@modelcontextprotocol/client';
import { ExponentialBackoff, handleAll, retry } from 'cockatiel';
import type { Logger } from 'pino';
import { recordClear } from './audit.ts';
import { refOf } from './discovery.ts';
import type { UpstreamServer } from './upstream/upstream-server.ts';

/** How a clear that the tier did not confirm is tried again: ten times, over about three minutes. */
const CLEAR_AGAIN = { maxAttempts: 10, backoff: new ExponentialBackoff({ initialDelay: 500, maxDelay: 30_000 }) };

/** What following the changes of servers takes. */
export interface ToolsChangesOptions {
  readonly cache: GatewayCache<GatewayDefinition, Tool>;
  readonly audit: AuditTrail;
  readonly logger: Logger;
  /** Aborted when the node closes. */
  readonly closing: AbortSignal;
}

interface Change {
  readonly gateway: GatewayDefinition;
  readonly upstream: UpstreamServer;
}

/** A server's change that is being followed, and a later one, if there was one since. */
interface Following {
  readonly ended: Promise<void>;
  next: Change | undefined;
}

/**
 * Follows what servers say of changes: clears a server's list on every node, unless it is what the caches have. One
 * change of a server at a time; however many come meanwhile, they are followed once, after it.
 */
export class ToolsChanges {
  readonly #options: ToolsChangesOptions;
  readonly #following: Map<string, Following> = new Map();
  /** How often a server said, outside a discovery, that its tools changed, and was heard. */
  heard = 0;

  constructor(options: ToolsChangesOptions) {
    this.#options = options;
  }

  /** A server said that its tools changed. Some say so at the start of each session, and mean nothing by it. */
  changed(gateway: GatewayDefinition, upstream: UpstreamServer): void {
    if (this.#options.closing.aborted) return;
    const { configId, serverName, fingerprint } = refOf(gateway, upstream.definition);
    const key = JSON.stringify([configId, serverName, fingerprint]);
    const following = this.#following.get(key);
    const change: Change = { gateway, upstream };
    if (following === undefined) this.#following.set(key, { ended: this.#follow(key, change), next: undefined });
    else following.next = change;
  }

  /** Resolves once nothing is followed any more; soon after the node began to close. Never rejects. */
  async ended(): Promise<void> {
    await Promise.all([...this.#following.values()].map(({ ended }) => ended));
  }

  async #follow(key: string, first: Change): Promise<void> {
    for (let change: Change | undefined = first; change !== undefined; change = this.#take(key)) {
      await this.#clear(change);
    }
    this.#following.delete(key);
  }

  /** The change that came meanwhile; none once the node closes. */
  #take(key: string): Change | undefined {
    const following = this.#following.get(key);
    if (following === undefined || this.#options.closing.aborted) return undefined;
    const { next } = following;
    following.next = undefined;
    return next;
  }

  /** Never rejects. */
  async #clear(change: Change): Promise<void> {
    const { cache, audit, closing, logger } = this.#options;
    const { gateway, upstream } = change;
    const { name: serverName } = upstream.definition;
    const scope = { gateway: gateway.id, cacheType: 'tools', server: serverName };
    const asked = { actor: `server:${serverName}`, action: 'clear', scope, reason: 'tools/list_changed' } as const;
    const outcomes: ClearOutcome[] = [];
    const ref = { gatewayId: gateway.id, configId: gateway.configId, keys: [] };
    try {
      const current = await this.#holdsNoOther(change);
      this.heard++;
      if (current) return;
      const clear = async (): Promise<void> => {
        closing.throwIfAborted();
        const outcome = await cache.clear({ type: 'tools', gateway: ref, serverName });
        outcomes.push(outcome);
        const [failed] = outcome.unknown;
        if (failed !== undefined) throw failed.cause;
      };
      await unlessAborted(retry(handleAll, CLEAR_AGAIN).dangerouslyUnref().execute(clear, closing), closing);
      logger.info({ server: serverName }, 'an MCP server changed its tools: its list is cleared on every node');
    } catch (error) {
      if (closing.aborted) return;
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn({ server: serverName, reason }, 'a changed tool list may not be cleared on every node');
    } finally {
      const last = outcomes.at(-1);
      if (last !== undefined) await recordClear(audit, asked, last);
    }
  }

  /**
   * Whether the caches hold this very list, or none. None needs no clear: a node that reads the list just now is told
   * of the change too, and reads again.
   */
  async #holdsNoOther({ gateway, upstream }: Change): Promise<boolean> {
    const { cache, closing } = this.#options;
    const cached = await cache.cachedTools(refOf(gateway, upstream.definition)).catch(() => undefined);
    if (cached === undefined || (cached.outcome === 'miss' && cached.degraded)) return false;
    if (cached.outcome === 'miss') return true;
    const listed = await upstream.listTools(closing).catch(() => undefined);
    return listed !== undefined && isDeepStrictEqual(asJson(listed.tools), asJson(cached.value.tools));
  }
}

/** Leaves `work` when the signal is aborted: the pauses between tries cannot be. */
function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason);
    if (signal.aborted) leave();
    signal.addEventListener('abort', leave, { once: true });
    void work.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

function asJson(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value));
}
