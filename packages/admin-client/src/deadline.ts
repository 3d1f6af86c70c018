/** What ends a call from outside, and the time that each of its waits has. */
export interface Deadline {
  readonly signal: AbortSignal | undefined;
  readonly timeoutMs: number;
}

/** The time of a wait was over, and the caller has not aborted. */
export class LateError extends Error {}

/** Waits for `work` until the time is over, with `LateError`, or the caller aborts, with the signal's reason. */
export async function within<T>(work: Promise<T>, { signal, timeoutMs }: Deadline): Promise<T> {
  // One's own failure after that is of no interest to anybody.
  work.catch(() => {});
  signal?.throwIfAborted();
  const late = AbortSignal.timeout(timeoutMs);
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal?.reason);
  const expire = (): void => reject(new LateError('nothing came in time'));
  signal?.addEventListener('abort', abort);
  late.addEventListener('abort', expire);
  try {
    return await Promise.race([work, ended]);
  } finally {
    signal?.removeEventListener('abort', abort);
    late.removeEventListener('abort', expire);
  }
}
