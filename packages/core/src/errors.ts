/** Codes of every error that Lockstep throws; callers branch on these, across packages. */
export type ErrorCode =
  | 'batch-incomplete'
  | 'bus-unavailable'
  | 'closed'
  | 'config-invalid'
  | 'key-invalid'
  | 'loader-failed'
  | 'loader-timed-out'
  | 'overloaded'
  | 'settings-differ'
  | 'tier-refused'
  | 'tier-unavailable'
  | 'value-denied'
  | 'value-invalid'
  | 'value-missing'
  | 'value-too-large'
  | 'value-unserializable';

/** Options of a {@link CacheError}. */
export interface CacheErrorOptions {
  /** The failure underneath, kept as the error's `cause`. */
  readonly cause?: unknown;
  /** Whether the same call may succeed later without any change by the caller. Default: false. */
  readonly retryable?: boolean;
}

/** The one base of every error that Lockstep throws: what was wrong, where, and what to do, with a stable `code`. */
export class CacheError extends Error {
  readonly code: ErrorCode;
  readonly retryable: boolean;

  constructor(code: ErrorCode, message: string, options: CacheErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'CacheError';
    this.code = code;
    this.retryable = options.retryable ?? false;
  }
}

/** The shared tier did not answer, or refused the connection; nothing is known about whether the call took effect. */
export class TierUnavailableError extends CacheError {
  constructor(message: string, options: CacheErrorOptions = {}) {
    super('tier-unavailable', message, { retryable: true, ...options });
    this.name = 'TierUnavailableError';
  }
}

/** The bus could not be reached. Coherence does not depend on it; a clear reaches the other nodes by their heartbeats. */
export class BusUnavailableError extends CacheError {
  constructor(message: string, options: CacheErrorOptions = {}) {
    super('bus-unavailable', message, { retryable: true, ...options });
    this.name = 'BusUnavailableError';
  }
}

/** The caller's loader failed: its own error is the `cause`. Nothing was stored. */
export class LoaderError extends CacheError {
  constructor(message: string, options: CacheErrorOptions = {}) {
    super('loader-failed', message, options);
    this.name = 'LoaderError';
  }
}

/** The caller's loader took longer than a load may. Its signal was aborted, and nothing was stored. */
export class LoaderTimeoutError extends CacheError {
  constructor(message: string, options: CacheErrorOptions = {}) {
    super('loader-timed-out', message, { retryable: true, ...options });
    this.name = 'LoaderTimeoutError';
  }
}

/** More calls wait for the tier than may. Nothing was sent, and the tier is not to blame. */
export class OverloadedError extends CacheError {
  constructor(message: string, options: CacheErrorOptions = {}) {
    super('overloaded', message, { retryable: true, ...options });
    this.name = 'OverloadedError';
  }
}

/** What became of the keys of a call for many: what was done stands. */
export interface BatchOutcome<T> {
  readonly done: ReadonlyMap<string, T>;
  /** At least one, for `BatchError`. */
  readonly failed: ReadonlyMap<string, CacheError>;
}

/** A call for many keys failed for some of them, each with an error of its own; what was done for the others stands. */
export class BatchError<T = unknown> extends CacheError implements BatchOutcome<T> {
  /** What the call would have answered for the other keys. */
  readonly done: ReadonlyMap<string, T>;
  readonly failed: ReadonlyMap<string, CacheError>;

  /** The first failure is the `cause`; it is retryable if all are. */
  constructor(message: string, { done, failed }: BatchOutcome<T>) {
    const errors = [...failed.values()];
    super('batch-incomplete', message, { cause: errors[0], retryable: errors.every(({ retryable }) => retryable) });
    this.name = 'BatchError';
    this.done = done;
    this.failed = failed;
  }
}

/** A configuration cannot be used: the message names every field, what it got, and what it takes. */
export class ConfigError extends CacheError {
  constructor(message: string, options: CacheErrorOptions = {}) {
    super('config-invalid', message, options);
    this.name = 'ConfigError';
  }
}
