import { setTimeout as delay } from 'node:timers/promises';

/** Time between two looks at the condition: short enough for a test, long enough to leave the CPU to what it waits for. */
const LOOK_EVERY_MS = 5;

/** Options of {@link waitFor}. */
export interface WaitForOptions {
  /** What is waited for, in words; the timeout's error names it. */
  readonly what: string;
  /** After this time the wait fails, in milliseconds. Default: 10 000. */
  readonly timeoutMs?: number;
}

/**
 * Waits until a condition answers something other than `false`, `null` or `undefined`, and answers that.
 *
 * Rejects when the time is over, naming what was waited for and the last error of the condition, if it threw.
 */
export async function waitFor<T>(
  condition: () => T | Promise<T>,
  options: WaitForOptions,
): Promise<Exclude<T, false | null | undefined>> {
  const timeoutMs = options.timeoutMs ?? 10_000;
  const deadline = performance.now() + timeoutMs;
  let lastError: unknown;
  for (;;) {
    try {
      const answer = await condition();
      if (answer !== false && answer !== null && answer !== undefined) {
        return answer as Exclude<T, false | null | undefined>;
      }
      lastError = undefined;
    } catch (error) {
      lastError = error;
    }
    if (performance.now() >= deadline) {
      const because = lastError instanceof Error ? `: ${lastError.message}` : '';
      throw new Error(`waited ${timeoutMs} ms for ${options.what}${because}`, { cause: lastError });
    }
    await delay(LOOK_EVERY_MS);
  }
}
