import { setTimeout as delay } from 'node:timers/promises';

/** Waits for a promise, at most so long; then answers the other value, and lets the promise end as it will. */
export async function within<T, U>(promise: Promise<T>, ms: number, otherwise: U): Promise<T | U> {
  const over = new AbortController();
  try {
    return await Promise.race([promise, delay(ms, otherwise, { signal: over.signal })]);
  } finally {
    over.abort();
  }
}
