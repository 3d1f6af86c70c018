import { BatchError, CacheError } from '@lockstep/core';

/**
 * Waits until every key of a call for many has its answer. Rejects with `BatchError` where some failed, and with what is
 * no error of the cache, as the reason of a caller's own signal, where that is why.
 */
export async function allOf<T>(what: string, answers: ReadonlyMap<string, T | Promise<T>>): Promise<Map<string, T>> {
  const done = new Map<string, T>();
  const failed = new Map<string, CacheError>();
  const settled = await Promise.allSettled(answers.values());
  let at = 0;
  for (const key of answers.keys()) {
    const outcome = settled[at++] as PromiseSettledResult<Awaited<T>>;
    if (outcome.status === 'fulfilled') done.set(key, outcome.value);
    else if (outcome.reason instanceof CacheError) failed.set(key, outcome.reason);
    else throw outcome.reason;
  }
  const [first] = failed.values();
  if (first === undefined) return done;
  const figures = `${failed.size} of ${answers.size} keys failed, the first: ${first.message}`;
  throw new BatchError(`${what}: ${figures}; see failed and done`, { done, failed });
}
