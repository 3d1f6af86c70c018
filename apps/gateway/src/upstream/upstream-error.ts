/**
 * Why an MCP server could not be used. `unreachable`: it did not start, answer or stay; `timed-out`: it took too long;
 * `unavailable`: it failed repeatedly and is left alone for a while; `busy`: too many requests wait for it already;
 * `refused`: it answered with a protocol error; `unusable`: its answer cannot be used; `unauthorized`: there is no access
 * token for it, or it refuses what it was sent; `closed`: this node is closing; `abandoned`: nobody waits for the answer
 * any more.
 */
export type UpstreamErrorCode =
  | 'unreachable'
  | 'timed-out'
  | 'unavailable'
  | 'busy'
  | 'refused'
  | 'unusable'
  | 'unauthorized'
  | 'closed'
  | 'abandoned';

/** Options of an {@link UpstreamError}. */
export interface UpstreamErrorOptions {
  readonly cause?: unknown;
  readonly processOutput?: string | undefined;
}

/** A request to an MCP server that brought no answer; the failure underneath is the `cause`. */
export class UpstreamError extends Error {
  readonly code: UpstreamErrorCode;
  /** Whether the same request may succeed later without any change. */
  readonly retryable: boolean;
  /** What the server's process last wrote to its error output; for the log alone. */
  readonly processOutput: string | undefined;

  constructor(code: UpstreamErrorCode, message: string, options: UpstreamErrorOptions = {}) {
    super(message, { cause: options.cause });
    this.name = 'UpstreamError';
    this.code = code;
    this.retryable = code !== 'refused' && code !== 'unusable';
    this.processOutput = options.processOutput === '' ? undefined : options.processOutput;
  }
}

/** The upstream error that `error` is, or wraps. */
export function upstreamErrorIn(error: unknown): UpstreamError | undefined {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if (inner instanceof UpstreamError) return inner;
  }
  return undefined;
}
