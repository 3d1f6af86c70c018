import { setTimeout as delay } from 'node:timers/promises';

const LOOK_EVERY_MS = 25;

/** Options of {@link until}. */
export interface UntilOptions {
  /** What is waited for, in words. */
  readonly what: string;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** Waits until the condition answers something other than undefined, and answers that. A throw ends the wait. */
export async function until<T>(
  condition: () => Promise<T | undefined> | T | undefined,
  options: UntilOptions,
): Promise<T> {
  const { what, timeoutMs, signal } = options;
  const deadline = performance.now() + timeoutMs;
  for (;;) {
    signal.throwIfAborted();
    const answer = await condition();
    if (answer !== undefined) return answer;
    if (performance.now() > deadline) throw new Error(`waited ${timeoutMs / 1000} s in vain for ${what}`);
    await delay(LOOK_EVERY_MS, undefined, { signal });
  }
}

/** The work's outcome, or a rejection once the time is over; the work itself goes on. */
export async function within<T>(work: Promise<T>, timeoutMs: number): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`it took more than ${timeoutMs / 1000} s`)), timeoutMs);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The time since an instant of `performance.now()`, for people. */
export function elapsed(since: number): string {
  const ms = performance.now() - since;
  return ms < 10_000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(1)} s`;
}

/** What went wrong, in words. */
export function reasonOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
