import type {
  CommittedOptions,
  LoadAnswer,
  LoadContext,
  Lockstep,
  Namespace,
  NamespaceStats,
  Receipt,
} from '@lockstep/cache';
import { CacheError } from '@lockstep/cache';
import type { TokenRef } from './names.ts';
import { tokenKey, tokenTags } from './names.ts';
import { tokenPolicy } from './policies.ts';

const HOUR_MS = 3_600_000;
/** How long a token is used whose answer does not say how long it lives. */
const UNTOLD_LIFE_MS = 300_000;
/** How long before its end the policy replaces a token, of each hour that it lives. */
const POLICY_BUFFER_MS = 300_000;
/** What a token needs of its life to get to a server: a tenth, at most this. */
const TRAVEL_MS_MAX = 10_000;
/** How often a rejected token is looked for anew, where it was stored again meanwhile. */
const COMPARISONS_MAX = 3;

/** The longest time that one token is used, whatever its answer says. */
export const TOKEN_LIFE_MS_MAX: number = 24 * HOUR_MS;

/** An access token, as it is sent. */
export interface AccessToken {
  readonly accessToken: string;
  /** `bearer`. */
  readonly tokenType: string;
  /** What was granted; null: what was asked for. */
  readonly scope: string | null;
}

/** A token that was just got. */
export interface AcquiredToken {
  readonly token: AccessToken;
  /** How much of its life is left, in ms; undefined: nobody said. */
  readonly lifeMs: number | undefined;
}

/** Asks an authorization server for a token; `signal` is aborted when it takes too long, or nobody waits for it. */
export type AcquireToken = (signal: AbortSignal) => Promise<AcquiredToken>;

/** What a token cache is made of. */
export interface TokenCacheOptions {
  /** Whether tokens are also in the tier, encrypted, one for all nodes; else each node has its own, in its memory alone. */
  readonly shared: boolean;
  /** The longest that one acquisition may take, in ms. */
  readonly acquireTimeoutMs: number;
}

/** How one token is asked for. */
export interface TokenRequest {
  readonly acquire: AcquireToken;
  /** How long before its end it is to be replaced, where it lives for an hour or more. At least five minutes. */
  readonly bufferMs: number;
  /** Lets this caller leave. */
  readonly signal?: AbortSignal;
}

/**
 * Access tokens for MCP servers: got once for all who ask at once, replaced before they end, and never answered after
 * that. A failed replacement leaves a token that still lives.
 */
export class TokenCache {
  readonly #tokens: Namespace<AccessToken>;
  readonly #isShared: boolean;

  constructor(lockstep: Lockstep, { shared, acquireTimeoutMs }: TokenCacheOptions) {
    this.#isShared = shared && lockstep.mode === 'cluster';
    this.#tokens = lockstep.namespace('oauth-token', tokenPolicy({ shared: this.#isShared, acquireTimeoutMs }));
  }

  /** The token of a server, got where there is none. Rejects with `LoaderError`, whose cause is what `acquire` threw. */
  async get(server: TokenRef, { acquire, bufferMs, signal }: TokenRequest): Promise<AccessToken> {
    const load = async (context: LoadContext<AccessToken>): Promise<LoadAnswer<AccessToken>> => {
      const { token, lifeMs } = await acquire(context.signal);
      const ttl = usedForMs(lifeMs, bufferMs);
      return context.answer(token, ttl < 1 ? { doNotStore: true } : { ttl });
    };
    return this.#tokens.getOrLoad(tokenKey(server), load, {
      tags: tokenTags(server),
      ...(signal === undefined ? {} : { signal }),
    });
  }

  /** The token that near-cache or tier have of a server. Gets none. */
  async held(server: TokenRef): Promise<AccessToken | undefined> {
    return this.#tokens.get(tokenKey(server));
  }

  /**
   * A server refused this token: it is dropped, on every node, unless another one has taken its place, which then stays.
   * True: the next `get` answers another one. False: what happens to it is not certain. Never rejects.
   */
  async rejected(server: TokenRef, accessToken: string): Promise<boolean> {
    const key = tokenKey(server);
    try {
      for (let comparison = 1; comparison <= COMPARISONS_MAX; comparison++) {
        const found = await this.#tokens.lookup(key);
        if (found.outcome === 'miss' || found.value.accessToken !== accessToken) return true;
        if (await this.#drop(key, found.version)) return true;
      }
      return false;
    } catch (error) {
      if (!(error instanceof CacheError)) throw error;
      // What a write that failed concerns is not answered by this node any more.
      return error.code === 'tier-unavailable';
    }
  }

  /** Ends a token on every node: for a revoked one, with `wait: 'fenced'`, which resolves when no node can answer it. */
  async clear(server: TokenRef, options: Pick<CommittedOptions, 'wait'> = {}): Promise<Receipt> {
    return this.#tokens.clear(tokenKey(server), options);
  }

  /** What this node counted, and how many tokens it holds. */
  stats(): NamespaceStats {
    return this.#tokens.stats();
  }

  /** Drops what was looked at; false: something else is there now. */
  async #drop(key: string, version: string): Promise<boolean> {
    if (this.#isShared) return (await this.#tokens.compareAndClear(key, version)).committed;
    await this.#tokens.clear(key, { allowDegraded: true });
    return true;
  }
}

/**
 * How long a token is answered, in ms: its life, without what it needs to travel. Where a longer buffer is wanted than the
 * policy keeps, what it is longer by comes off as well: the policy's part of the rest lies before that.
 */
function usedForMs(lifeMs: number | undefined, bufferMs: number): number {
  const leftMs = Math.min(lifeMs ?? UNTOLD_LIFE_MS, TOKEN_LIFE_MS_MAX);
  const travelMs = Math.min(TRAVEL_MS_MAX, leftMs / 10);
  const longerMs = (bufferMs - POLICY_BUFFER_MS) * Math.min(1, leftMs / HOUR_MS);
  return Math.floor(leftMs - Math.max(travelMs, Math.min(longerMs, leftMs / 2)));
}
