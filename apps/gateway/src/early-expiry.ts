import type { GatewayDefinition, ServerDefinition } from '@lockstep/config';
import type { GatewayCache } from '@lockstep/gateway-cache';
import type { CallToolResult, Tool } from '@modelcontextprotocol/client';
import { ProtocolError, ProtocolErrorCode } from '@modelcontextprotocol/client';
import type { Logger } from 'pino';
import { refOf } from './discovery.ts';
import { UpstreamError } from './upstream/upstream-error.ts';

/** Wrong arguments are mostly the caller's mistake: a server's list is asked for again so often at most. */
const EXPIRE_EVERY_MS = 10_000;
/** How the MCP SDK's servers of the 2025 revisions answer the same two: as the result of a failed tool. */
const REFUSED_IN_TEXT = /^MCP error -3260[12]:/;

/** What an early expiry takes. */
export interface EarlyExpiryOptions {
  readonly cache: Pick<GatewayCache<GatewayDefinition, Tool>, 'expireTools'>;
  readonly logger: Logger;
  readonly now: () => number;
}

/**
 * Expires a server's list on every node when the server answers a call with "no such tool" or "invalid params": the
 * list it was made by is probably an old one. The list stands in until the server has been asked again.
 */
export class EarlyExpiry {
  readonly #options: EarlyExpiryOptions;
  /** When each server's list was last expired; entries older than the interval go when a new one comes. */
  readonly #expiredMs: Map<string, number> = new Map();

  constructor(options: EarlyExpiryOptions) {
    this.#options = options;
  }

  /** A call was refused with this error. */
  refused(gateway: GatewayDefinition, server: ServerDefinition, error: unknown): void {
    const cause = error instanceof UpstreamError ? error.cause : undefined;
    if (!(cause instanceof ProtocolError)) return;
    const { MethodNotFound, InvalidParams } = ProtocolErrorCode;
    if (cause.code === MethodNotFound || cause.code === InvalidParams) this.#expire(gateway, server);
  }

  /** A call was answered with this result. */
  answered(gateway: GatewayDefinition, server: ServerDefinition, { isError, content }: CallToolResult): void {
    if (isError !== true) return;
    if (content.some((block) => block.type === 'text' && REFUSED_IN_TEXT.test(block.text))) {
      this.#expire(gateway, server);
    }
  }

  #expire(gateway: GatewayDefinition, server: ServerDefinition): void {
    if (server.tools !== undefined) return;
    const { cache, logger, now } = this.#options;
    const { configId, serverName } = refOf(gateway, server);
    const key = JSON.stringify([configId, serverName]);
    const nowMs = now();
    for (const [other, expiredMs] of this.#expiredMs) {
      if (nowMs - expiredMs >= EXPIRE_EVERY_MS) this.#expiredMs.delete(other);
    }
    if (this.#expiredMs.has(key)) return;
    this.#expiredMs.set(key, nowMs);
    cache.expireTools({ configId, serverName }).then(
      () => logger.info({ server: serverName }, 'an MCP server refused a call: its tool list is asked for again'),
      (error: unknown) => {
        // Nothing was expired: the next refusal tries again.
        this.#expiredMs.delete(key);
        const reason = error instanceof Error ? error.message : String(error);
        logger.warn({ server: serverName, reason }, 'the tool list of a server that refused a call was not expired');
      },
    );
  }
}
