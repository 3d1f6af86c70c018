import type { OAuthClient, ServerDefinition } from '@lockstep/config';
import type { TokenCache, TokenRef } from '@lockstep/gateway-cache';
import type { Logger } from 'pino';
import { UpstreamError, upstreamErrorIn } from '../upstream/upstream-error.ts';
import { acquireToken, revokeToken } from './authorization-server.ts';
import type { TokenSource } from './authorized-fetch.ts';

/** A server that refuses every token gets a new one so often. */
const REPLACED_EVERY_MS = 5_000;
/** Servers whose refusals are remembered. */
const REFUSALS_MAX = 10_000;

/** What the tokens of a node need. */
export interface AccessTokensOptions {
  readonly cache: TokenCache;
  /** How long an authorization server may take. */
  readonly timeoutMs: number;
  readonly logger: Logger;
}

/** What a node did to have access tokens. */
export interface AccessTokenCounts {
  readonly entries: number;
  readonly acquisitions: number;
  readonly acquisitions_failed: number;
}

/** A token that can be revoked at its authorization server. */
interface Revocable {
  readonly server: string;
  readonly client: OAuthClient;
  readonly url: string;
  readonly accessToken: string;
}

/** The access tokens that this node sends to MCP servers: from the token cache, and from the authorization servers. */
export class AccessTokens {
  readonly #options: AccessTokensOptions;
  /** When a token was last dropped because its server refused it. Oldest first. */
  readonly #droppedMs: Map<string, number> = new Map();

  constructor(options: AccessTokensOptions) {
    this.#options = options;
  }

  /** How many tokens this node has, and how often it asked for one since its start. */
  counts(): AccessTokenCounts {
    const { entries, loads, loadsFailed } = this.#options.cache.stats();
    return { entries, acquisitions: loads, acquisitions_failed: loadsFailed };
  }

  /** The tokens of a server; undefined: it is sent none. */
  of(configId: string, definition: ServerDefinition): TokenSource | undefined {
    const client = clientOf(definition);
    if (client === undefined) return undefined;
    const ref = refOf(configId, definition, client);
    return {
      get: (signal) => this.#get(ref, client, signal),
      rejected: (accessToken) => this.#rejected(ref, accessToken),
    };
  }

  /**
   * Notes which tokens of these servers the caches hold, of those that can be revoked; the function that it answers revokes
   * them, and answers how many it did. To be called once they are cleared. Neither rejects.
   */
  async revocationOf(configId: string, servers: readonly ServerDefinition[]): Promise<() => Promise<number>> {
    const held = await Promise.all(servers.map((definition) => this.#revocable(configId, definition)));
    const revocable = held.filter((token) => token !== undefined);
    return async () => {
      const done = await Promise.all(revocable.map((token) => this.#revoke(token)));
      return done.filter(Boolean).length;
    };
  }

  async #get(ref: TokenRef, client: OAuthClient, signal: AbortSignal | undefined): Promise<string> {
    const { cache } = this.#options;
    const acquire = (until: AbortSignal) => this.#acquire(ref, client, until);
    try {
      const request = { acquire, bufferMs: client.expiryBufferMs, ...(signal === undefined ? {} : { signal }) };
      return (await cache.get(ref, request)).accessToken;
    } catch (error) {
      signal?.throwIfAborted();
      throw upstreamErrorIn(error) ?? noToken(ref, error);
    }
  }

  async #acquire({ serverName: server }: TokenRef, client: OAuthClient, signal: AbortSignal) {
    const { timeoutMs, logger } = this.#options;
    try {
      const acquired = await acquireToken(client, { server, timeoutMs, signal });
      logger.debug({ server, lifeMs: acquired.lifeMs }, 'got an access token');
      return acquired;
    } catch (error) {
      if (error instanceof UpstreamError)
        logger.warn({ server, reason: error.message }, 'no access token could be got');
      throw error;
    }
  }

  /** A token that others have replaced is no reason to get one; nor is a server that refused one just now. */
  async #rejected(ref: TokenRef, accessToken: string): Promise<boolean> {
    const { cache, logger } = this.#options;
    const held = await cache.held(ref).catch(() => undefined);
    if (held !== undefined && held.accessToken !== accessToken) return true;
    const key = JSON.stringify([ref.configId, ref.serverName, ref.identity]);
    const nowMs = performance.now();
    if (nowMs < (this.#droppedMs.get(key) ?? Number.NEGATIVE_INFINITY) + REPLACED_EVERY_MS) return false;
    this.#droppedMs.delete(key);
    this.#droppedMs.set(key, nowMs);
    if (this.#droppedMs.size > REFUSALS_MAX) this.#droppedMs.delete(this.#droppedMs.keys().next().value ?? '');
    logger.warn({ server: ref.serverName }, 'an MCP server refuses its access token: it is replaced');
    return cache.rejected(ref, accessToken);
  }

  async #revocable(configId: string, definition: ServerDefinition): Promise<Revocable | undefined> {
    const client = clientOf(definition);
    if (client?.revocationUrl === undefined) return undefined;
    const held = await this.#options.cache.held(refOf(configId, definition, client)).catch(() => undefined);
    if (held === undefined) return undefined;
    return { server: definition.name, client, url: client.revocationUrl, accessToken: held.accessToken };
  }

  async #revoke({ server, client, url, accessToken }: Revocable): Promise<boolean> {
    const { timeoutMs, logger } = this.#options;
    try {
      await revokeToken(client, url, { server, timeoutMs, accessToken });
      logger.info({ server }, 'an access token is revoked');
      return true;
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      logger.warn({ server, reason }, 'an access token is cleared, and could not be revoked');
      return false;
    }
  }
}

function noToken({ serverName }: TokenRef, cause: unknown): UpstreamError {
  return new UpstreamError('unauthorized', `the caches can tell no access token for ${serverName} just now`, { cause });
}

function clientOf({ connection }: ServerDefinition): OAuthClient | undefined {
  return connection.kind === 'http' ? connection.oauth : undefined;
}

function refOf(configId: string, { name: serverName }: ServerDefinition, { identity }: OAuthClient): TokenRef {
  return { configId, serverName, identity };
}
