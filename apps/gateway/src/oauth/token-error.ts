import { OperationProcessingError, ResponseBodyError, UnsupportedOperationError } from 'oauth4webapi';
import { systemCodeOf } from '../upstream/system-code.ts';
import { UpstreamError } from '../upstream/upstream-error.ts';
import { UnfitAnswerError } from './endpoint-fetch.ts';

/** What an authorization server's errors point at; RFC 6749, 5.2, RFC 8707, 2, and what is met in practice. */
const LOOK_AT: Readonly<Record<string, string>> = {
  invalid_client:
    'look at OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET, and at how the secret is sent, OAUTH_USE_BASIC_AUTH',
  unauthorized_client: 'the client of OAUTH_CLIENT_ID may not ask for tokens by client credentials',
  unsupported_grant_type: 'it gives no tokens by client credentials',
  invalid_scope: 'look at OAUTH_SCOPE',
  invalid_target: 'look at OAUTH_RESOURCE and OAUTH_AUDIENCE',
  access_denied: 'look at OAUTH_AUDIENCE and OAUTH_SCOPE, and at what the client is allowed',
  invalid_request:
    'look at OAUTH_AUDIENCE, OAUTH_ORGANIZATION and OAUTH_ADDITIONAL_PARAMS, and at OAUTH_USE_BASIC_AUTH',
};
const ERROR_CODE = /^[\w.-]{1,64}$/;

/** What is being asked of an authorization server. */
export interface AskedOf {
  /** The MCP server that the token is for. */
  readonly server: string;
  readonly url: string;
  readonly timeoutMs: number;
}

/**
 * Why there is no token, as an `UpstreamError` that says what to look at. Nothing of the request or the answer is in it but
 * the name of the error: both hold secrets, and so does what the library throws, which is why it is no cause.
 */
export function tokenError(asked: AskedOf, cause: unknown): UpstreamError {
  if (cause instanceof UpstreamError) return cause;
  const { origin, pathname } = new URL(asked.url);
  return new UpstreamError(
    'unauthorized',
    `no access token for ${asked.server} from ${origin}${pathname}: ${reasonOf(cause, asked)}`,
    {
      cause: holdsAnswer(cause) ? undefined : cause,
    },
  );
}

function holdsAnswer(error: unknown): boolean {
  return [ResponseBodyError, OperationProcessingError, UnsupportedOperationError].some((kind) => error instanceof kind);
}

function reasonOf(cause: unknown, { timeoutMs }: AskedOf): string {
  if (cause instanceof DOMException && cause.name === 'TimeoutError') return `it took longer than ${timeoutMs} ms`;
  if (cause instanceof UnfitAnswerError) return cause.message;
  if (cause instanceof ResponseBodyError) return refusal(cause);
  if (cause instanceof UnsupportedOperationError) return 'its token is of another type than bearer';
  if (cause instanceof OperationProcessingError) return unusable(cause);
  return `it cannot be reached (${systemCodeOf(cause) ?? 'no reason given'})`;
}

function refusal({ error, status }: ResponseBodyError): string {
  const code = ERROR_CODE.test(error) ? error : 'an error';
  const lookAt = Object.hasOwn(LOOK_AT, code) ? LOOK_AT[code] : undefined;
  return `it answers ${code} (HTTP ${status})${lookAt === undefined ? '' : `: ${lookAt}`}`;
}

function unusable({ cause, message }: OperationProcessingError): string {
  if (cause instanceof Response && !cause.ok) return `it answers HTTP ${cause.status}`;
  const field = /"(access_token|token_type|expires_in|scope|refresh_token|id_token)"/.exec(message)?.[1];
  return field === undefined
    ? 'its answer is not that of a token endpoint'
    : `its answer has no ${field} that can be used`;
}
