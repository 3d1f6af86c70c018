import type { OAuthClient } from '@lockstep/config';
import type { AcquiredToken } from '@lockstep/gateway-cache';
import type { AuthorizationServer, ClientAuth } from 'oauth4webapi';
import {
  allowInsecureRequests,
  ClientSecretBasic,
  ClientSecretPost,
  clientCredentialsGrantRequest,
  customFetch,
  processClientCredentialsResponse,
  processRevocationResponse,
  revocationRequest,
} from 'oauth4webapi';
import type { UpstreamError } from '../upstream/upstream-error.ts';
import { endpointFetch, UnfitAnswerError } from './endpoint-fetch.ts';
import type { AskedOf } from './token-error.ts';
import { tokenError } from './token-error.ts';

const SECOND_MS = 1_000;
/** What a header can carry (RFC 6750, 2.1, and what servers give beyond it). */
const SENDABLE = /^[\x21-\x7e]+$/;

/** For whom an authorization server is asked, and how long that may take. */
export interface Asking {
  readonly server: string;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
}

/** Asks for an access token: client credentials, RFC 6749, 4.4. Rejects with an `UpstreamError`, or the signal's reason. */
export async function acquireToken(client: OAuthClient, asking: Asking): Promise<AcquiredToken> {
  const startedMs = performance.now();
  const answer = await asked(asking, client.tokenUrl, async (signal) => {
    const [server, requester, authentication] = partiesOf(client);
    const options = { ...requestOptions(client.tokenUrl, signal), headers: client.customHeaders };
    const response = await clientCredentialsGrantRequest(
      server,
      requester,
      authentication,
      parametersOf(client),
      options,
    );
    return processClientCredentialsResponse(server, requester, response);
  });
  const { access_token: accessToken, token_type: tokenType, expires_in: expiresInSeconds, scope } = answer;
  if (tokenType !== 'bearer') throw refused(asking, client, `its token is of another type than bearer`);
  if (!SENDABLE.test(accessToken)) throw refused(asking, client, 'no header can carry its token');
  const lacking = client.validatesScopes ? scopesLacking(client.scope, scope) : [];
  if (lacking.length > 0) {
    const lookAt = 'look at OAUTH_SCOPE, and at what the client is allowed, or set OAUTH_VALIDATE_SCOPES to false';
    throw refused(
      asking,
      client,
      `its token was granted less than OAUTH_SCOPE: ${lacking.join(' ')} is missing; ${lookAt}`,
    );
  }
  const spentMs = performance.now() - startedMs;
  return {
    token: { accessToken, tokenType, scope: scope ?? null },
    lifeMs: expiresInSeconds === undefined ? undefined : expiresInSeconds * SECOND_MS - spentMs,
  };
}

/** Revokes an access token: RFC 7009. Rejects as `acquireToken`. */
export async function revokeToken(
  client: OAuthClient,
  url: string,
  { accessToken, ...asking }: Asking & { readonly accessToken: string },
): Promise<void> {
  await asked(asking, url, async (signal) => {
    const [server, requester, authentication] = partiesOf(client);
    const additionalParameters = { token_type_hint: 'access_token' };
    const options = { ...requestOptions(url, signal), headers: client.customHeaders, additionalParameters };
    const response = await revocationRequest(
      { ...server, revocation_endpoint: url },
      requester,
      authentication,
      accessToken,
      options,
    );
    await processRevocationResponse(response);
  });
}

function partiesOf(client: OAuthClient): readonly [AuthorizationServer, { readonly client_id: string }, ClientAuth] {
  const { tokenUrl, clientId, clientSecret, authentication } = client;
  const authenticate = authentication === 'basic' ? ClientSecretBasic : ClientSecretPost;
  return [
    { issuer: new URL(tokenUrl).origin, token_endpoint: tokenUrl },
    { client_id: clientId },
    authenticate(clientSecret),
  ];
}

function parametersOf(client: OAuthClient): URLSearchParams {
  const parameters = new URLSearchParams(client.additionalParams);
  const { scope, audience, organization, resource } = client;
  for (const [name, value] of Object.entries({ scope, audience, organization, resource })) {
    if (value !== undefined) parameters.set(name, value);
  }
  return parameters;
}

/** The configuration decides where http is allowed. */
function requestOptions(url: string, signal: AbortSignal) {
  return {
    signal,
    [customFetch]: (to: string, init: object) => endpointFetch(to, init),
    [allowInsecureRequests]: new URL(url).protocol === 'http:',
  };
}

/** Bounds the time, and translates what goes wrong. */
async function asked<R>(asking: Asking, url: string, ask: (signal: AbortSignal) => Promise<R>): Promise<R> {
  const { timeoutMs, signal: left } = asking;
  const late = AbortSignal.timeout(timeoutMs);
  const signal = left === undefined ? late : AbortSignal.any([left, late]);
  try {
    return await ask(signal);
  } catch (cause) {
    left?.throwIfAborted();
    throw tokenError({ ...asking, url }, late.aborted ? late.reason : cause);
  }
}

/** RFC 6749, 5.1: an answer without scopes grants what was asked for. */
function scopesLacking(wanted: string | undefined, granted: string | undefined): readonly string[] {
  if (wanted === undefined || granted === undefined) return [];
  const has = new Set(granted.split(' '));
  return wanted.split(' ').filter((scope) => !has.has(scope));
}

function refused({ server, timeoutMs }: Asking, { tokenUrl: url }: OAuthClient, reason: string): UpstreamError {
  return tokenError({ server, url, timeoutMs } satisfies AskedOf, new UnfitAnswerError(reason));
}
