import type { CacheScope } from '@lockstep/gateway-cache';

/** What one page of a list says of how long, and by whom, it may be kept; absent where the server says nothing. */
export interface PageHints {
  readonly ttlMs?: unknown;
  readonly cacheScope?: unknown;
}

/**
 * What the pages of one list say together. Each is fresh from its own arrival on, and the list as long as all of them
 * are; it may be shown to those to whom all of them may.
 */
export class ListHints {
  readonly #nowMs: () => number;
  #freshUntilMs: number | undefined;
  #scopes: Set<CacheScope | undefined> = new Set();

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** Takes note of a page that has just arrived. A time that is no number, or negative, is none: ask again. */
  arrived({ ttlMs, cacheScope }: PageHints): void {
    if (ttlMs !== undefined) {
      const hintMs = typeof ttlMs === 'number' && ttlMs > 0 ? ttlMs : 0;
      this.#freshUntilMs = Math.min(this.#freshUntilMs ?? Number.POSITIVE_INFINITY, this.#nowMs() + hintMs);
    }
    // What is neither of the two words is taken for the narrower one.
    this.#scopes.add(cacheScope === undefined ? undefined : cacheScope === 'public' ? 'public' : 'private');
  }

  /** How long the whole list is fresh yet, in ms; undefined: no page says. */
  get hintMs(): number | undefined {
    return this.#freshUntilMs === undefined ? undefined : Math.max(0, this.#freshUntilMs - this.#nowMs());
  }

  /** To whom the whole list may be shown; undefined: no page says. */
  get cacheScope(): CacheScope | undefined {
    const [scope, ...others] = this.#scopes;
    return others.length === 0 ? scope : 'private';
  }
}
