/** How long a list may be kept, and by whom, as MCP carries it. */
export interface ListHint {
  /** A whole number of milliseconds; 0: not at all. */
  readonly ttlMs: number;
  readonly cacheScope: 'public' | 'private';
}

/** One part of a list, as far as it bears on how long the whole may be kept. */
export interface HintPart {
  /** Until when the part is fresh, on the clock of `performance.now`. */
  readonly freshUntilMs: number;
  readonly cacheScope: 'public' | 'private';
}

/** A list whose parts live as long as the shortest of them, and are shared as the most private of them. */
export function hintOf(parts: readonly HintPart[], nowMs: number): ListHint {
  let freshUntilMs = Number.POSITIVE_INFINITY;
  let cacheScope: ListHint['cacheScope'] = 'public';
  for (const part of parts) {
    if (Number.isNaN(part.freshUntilMs)) freshUntilMs = Number.NEGATIVE_INFINITY;
    else if (part.freshUntilMs < freshUntilMs) freshUntilMs = part.freshUntilMs;
    if (part.cacheScope !== 'public') cacheScope = 'private';
  }
  const leftMs = Math.floor(freshUntilMs - nowMs);
  return { ttlMs: Number.isSafeInteger(leftMs) && leftMs > 0 ? leftMs : 0, cacheScope };
}
