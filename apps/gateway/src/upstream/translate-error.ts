import { ProtocolError, SdkError, SdkErrorCode, SdkHttpError } from '@modelcontextprotocol/client';
import { BrokenCircuitError, BulkheadRejectedError, TaskCancelledError } from 'cockatiel';
import { systemCodeOf } from './system-code.ts';
import { UpstreamError, upstreamErrorIn } from './upstream-error.ts';

/** What the SDK, a policy or the network threw, as an `UpstreamError` whose message names the server and no secret. */
export function translateError(server: string, cause: unknown, processOutput?: string): UpstreamError {
  // What a request was refused for before it was sent, the SDK wraps.
  const known = upstreamErrorIn(cause);
  if (known !== undefined) return known;
  if (cause instanceof TaskCancelledError) return timedOut(server, cause);
  if (cause instanceof BrokenCircuitError) {
    return new UpstreamError('unavailable', `${server} failed repeatedly and is left alone for a while`, { cause });
  }
  if (cause instanceof BulkheadRejectedError) {
    return new UpstreamError('busy', `too many requests wait for ${server} already`, { cause });
  }
  if (cause instanceof ProtocolError) {
    return new UpstreamError('refused', `${server} answered with an error: ${cause.message}`, { cause });
  }
  const translated = cause instanceof SdkError ? translateSdkError(server, cause) : unreachable(server, cause);
  return new UpstreamError(translated.code, translated.message, { cause, processOutput });
}

/** The server did not answer in time. */
export function timedOut(server: string, cause: unknown): UpstreamError {
  return new UpstreamError('timed-out', `${server} took too long`, { cause });
}

/** Whether the connection is of no more use: it is gone, or the server has forgotten its session. */
export function isConnectionLost(error: UpstreamError): boolean {
  return error.code === 'unreachable' && (!(error.cause instanceof SdkHttpError) || isSessionForgotten(error.cause));
}

/** Whether the server cannot have acted on the request: it was never sent, or refused with its session. */
export function wasNotProcessed({ cause }: UpstreamError): boolean {
  if (cause instanceof SdkHttpError) return isSessionForgotten(cause);
  return cause instanceof SdkError && cause.code === SdkErrorCode.NotConnected;
}

/** 404 by the specification; some servers say 400. */
function isSessionForgotten(error: SdkHttpError): boolean {
  return error.status === 404 || error.status === 400;
}

function translateSdkError(server: string, cause: SdkError): UpstreamError {
  if (cause instanceof SdkHttpError && cause.status === 401) {
    const message = `${server} refuses what it was sent to be let in (HTTP 401): look at its oauth_config, or its headers`;
    return new UpstreamError('unauthorized', message, { cause });
  }
  switch (cause.code) {
    case SdkErrorCode.RequestTimeout:
      return timedOut(server, cause);
    case SdkErrorCode.ListPaginationExceeded:
      return new UpstreamError('unusable', `${server}'s tool list does not end: ${cause.message}`, { cause });
    case SdkErrorCode.InvalidResult:
    case SdkErrorCode.UnsupportedResultType:
    case SdkErrorCode.InputRequiredRoundsExceeded:
    case SdkErrorCode.CapabilityNotSupported:
      return new UpstreamError('unusable', `${server}'s answer cannot be used (${cause.code})`, { cause });
    default:
      return unreachable(server, cause);
  }
}

function unreachable(server: string, cause: unknown): UpstreamError {
  const status = cause instanceof SdkHttpError ? `HTTP ${cause.status}` : undefined;
  const code = cause instanceof SdkError ? cause.code : systemCodeOf(cause);
  const reason = status ?? code ?? 'no reason given';
  return new UpstreamError('unreachable', `${server} cannot be reached (${reason})`, { cause });
}
