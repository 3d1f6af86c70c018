import type { Server as HttpServer, IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { inspect } from 'node:util';
import type { OAuthClient } from '@lockstep/config';
import { afterAll, beforeAll, beforeEach, expect, it } from 'vitest';
import { acquireToken, revokeToken } from '../src/oauth/authorization-server.ts';

// What a sound authorization server never answers, and how requests look on the wire: so it is no sound one here.

const SECRET = 'se:cret/with+signs';
const TOKEN = 'an-access-token';

interface Received {
  readonly url: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: URLSearchParams;
}

let http: HttpServer;
let url: string;
let received: Received[];
let answer: (response: ServerResponse) => void;

beforeAll(async () => {
  http = createServer(async (request, response) => {
    let body = '';
    for await (const part of request) body += String(part);
    received.push({ url: String(request.url), headers: request.headers, body: new URLSearchParams(body) });
    answer(response);
  });
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(http.address() as AddressInfo).port}/token?tenant=hidden`;
});

afterAll(async () => {
  http.closeAllConnections();
  await new Promise((resolve) => http.close(resolve));
});

beforeEach(() => {
  received = [];
  answer = json({ access_token: TOKEN, token_type: 'Bearer', expires_in: 60 });
});

function json(
  content: unknown,
  status = 200,
  headers: Record<string, string> = {},
): (response: ServerResponse) => void {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers }).end(JSON.stringify(content));
  };
}

function client(change: Partial<OAuthClient> = {}): OAuthClient {
  return {
    tokenUrl: url,
    clientId: 'the gateway',
    clientSecret: SECRET,
    authentication: 'basic',
    scope: undefined,
    audience: undefined,
    organization: undefined,
    resource: undefined,
    expiryBufferMs: 300_000,
    validatesScopes: true,
    revocationUrl: undefined,
    additionalParams: {},
    customHeaders: {},
    identity: 'i',
    ...change,
  };
}

const acquire = (change: Partial<OAuthClient> = {}, timeoutMs = 5_000) =>
  acquireToken(client(change), { server: 'search', timeoutMs });

/** Why there is no token. Nothing secret is in the error, however deep one looks. */
async function reason(change: Partial<OAuthClient> = {}, timeoutMs?: number): Promise<string> {
  const error: unknown = await acquire(change, timeoutMs).then(
    () => new Error('there is one'),
    (failure: unknown) => failure,
  );
  expect(error).toMatchObject({ name: 'UpstreamError', code: 'unauthorized' });
  const shown = inspect(error, { depth: 10, showHidden: true });
  for (const secret of [SECRET, encodeURIComponent(SECRET), TOKEN, 'hidden']) expect(shown).not.toContain(secret);
  const { message } = error as Error;
  const start = `no access token for search from ${url.replace(/\?.*/, '')}: `;
  expect(message.startsWith(start)).toBe(true);
  return message.slice(start.length);
}

it('sends the secret as RFC 6749 has it, and each parameter and header that is configured', async () => {
  const given = {
    scope: 'read write',
    audience: 'api',
    organization: 'org',
    resource: 'https://mcp.example.com/mcp',
    additionalParams: { realm: 'main', scope: 'overruled' },
    customHeaders: { 'X-Tenant': 'seven' },
  };
  expect(await acquire(given)).toMatchObject({ token: { accessToken: TOKEN, tokenType: 'bearer', scope: null } });
  const [{ headers, body } = { headers: {}, body: new URLSearchParams() }] = received;
  expect(Object.fromEntries(body)).toEqual({
    grant_type: 'client_credentials',
    scope: 'read write',
    audience: 'api',
    organization: 'org',
    resource: 'https://mcp.example.com/mcp',
    realm: 'main',
  });
  const credentials = Buffer.from(String(headers.authorization).replace('Basic ', ''), 'base64').toString();
  expect(credentials).toBe('the+gateway:se%3Acret%2Fwith%2Bsigns');
  expect(headers).toMatchObject({ 'x-tenant': 'seven', accept: 'application/json' });
});

it('sends the secret in the body where it is to be there, and nowhere else', async () => {
  await acquire({ authentication: 'post' });
  expect(received[0]?.headers.authorization).toBeUndefined();
  expect(received[0]?.body.get('client_secret')).toBe(SECRET);
  expect(received[0]?.url).toBe('/token?tenant=hidden');
});

it.each([
  ['a number', 60, 60_000],
  ['digits', '60', 60_000],
  ['an absurd number', 1e15, 1e18],
  ['nothing', undefined, undefined],
])('tells how much of its life a token has left, of %s', async (...[, expires_in, lifeMs]) => {
  answer = json({ access_token: TOKEN, token_type: 'bearer', expires_in });
  const { lifeMs: left } = await acquire();
  if (lifeMs === undefined || left === undefined) expect(left).toBe(lifeMs);
  else expect(left / lifeMs).toBeCloseTo(1, 1);
});

it.each([
  ['invalid_client', 401, /^it answers invalid_client \(HTTP 401\): look at OAUTH_CLIENT_ID and OAUTH_CLIENT_SECRET/],
  ['unauthorized_client', 400, /^it answers unauthorized_client \(HTTP 400\): the client of OAUTH_CLIENT_ID may not/],
  ['invalid_scope', 400, /OAUTH_SCOPE$/],
  ['invalid_target', 400, /OAUTH_RESOURCE and OAUTH_AUDIENCE$/],
  ['access_denied', 403, /OAUTH_AUDIENCE/],
  ['constructor', 400, /^it answers constructor \(HTTP 400\)$/],
  [`${SECRET} is wrong`, 400, /^it answers an error \(HTTP 400\)$/],
])('says what to look at where it answers %s', async (...[error, status, expected]) => {
  answer = json({ error, error_description: `the secret ${SECRET} is wrong` }, status, {
    'www-authenticate': 'Basic realm="x"',
  });
  expect(await reason()).toMatch(expected);
});

const page = (status: number) => (response: ServerResponse) => {
  response.writeHead(status, { 'content-type': 'text/html' }).end(`<p>${TOKEN}</p>`);
};

it.each<[string, (response: ServerResponse) => void, string]>([
  ['a page', page(200), 'its answer is not that of a token endpoint'],
  ['a failure', page(503), 'it answers HTTP 503'],
  ['no content', (response) => response.writeHead(204).end(), 'its answer is not that of a token endpoint'],
  ['a list', json([TOKEN]), 'its answer is not that of a token endpoint'],
  ['an error that it calls a success', json({ error: 'bad_code' }), 'its answer has no access_token that can be used'],
  [
    'a negative life',
    json({ access_token: TOKEN, token_type: 'bearer', expires_in: -1 }),
    'its answer has no expires_in that can be used',
  ],
  [
    'a life that is no number',
    json({ access_token: TOKEN, token_type: 'bearer', expires_in: 'soon' }),
    'its answer has no expires_in that can be used',
  ],
  [
    'another type of token',
    json({ access_token: TOKEN, token_type: 'mac' }),
    'its token is of another type than bearer',
  ],
  [
    'a token bound to a key',
    json({ access_token: TOKEN, token_type: 'DPoP' }),
    'its token is of another type than bearer',
  ],
  [
    'a token with a line break',
    json({ access_token: `${TOKEN}\r\nX: y`, token_type: 'bearer' }),
    'no header can carry its token',
  ],
  [
    'too much',
    json({ access_token: TOKEN.repeat(10_000), token_type: 'bearer' }),
    'its answer has more than 65536 bytes',
  ],
  [
    'a redirect',
    (response) => response.writeHead(302, { location: '/elsewhere' }).end(),
    'it answers with a redirect (HTTP 302), which is not followed',
  ],
])('refuses %s', async (...[, given, expected]) => {
  answer = given;
  expect(await reason()).toBe(expected);
  expect(received).toHaveLength(1);
});

it('takes a token that was granted less only where it is told not to look', async () => {
  answer = json({ access_token: TOKEN, token_type: 'bearer', scope: 'read' });
  expect(await reason({ scope: 'read write admin' })).toMatch(/granted less than OAUTH_SCOPE: write admin is missing/);
  expect(await acquire({ scope: 'read write', validatesScopes: false })).toMatchObject({ token: { scope: 'read' } });
  expect(await acquire({ scope: 'read' })).toMatchObject({ token: { scope: 'read' } });
});

it.each<[string, (response: ServerResponse) => void]>([
  ['does not answer', () => undefined],
  ['begins to answer', (response) => response.writeHead(200, { 'content-type': 'application/json' }).write('{')],
])('waits a bounded time for one that %s', async (_, given) => {
  answer = given;
  expect(await reason({}, 200)).toBe('it took longer than 200 ms');
});

it('leaves with the reason of its caller', async () => {
  answer = () => undefined;
  const leaving = new AbortController();
  const asking = acquireToken(client(), { server: 'search', timeoutMs: 5_000, signal: leaving.signal });
  leaving.abort(new Error('nobody waits'));
  await expect(asking).rejects.toThrow('nobody waits');
});

it('revokes a token as RFC 7009 has it', async () => {
  answer = (response) => response.writeHead(200).end();
  await revokeToken(client(), new URL('/revoke', url).href, { server: 'search', timeoutMs: 5_000, accessToken: TOKEN });
  expect(received[0]?.url).toBe('/revoke');
  expect(Object.fromEntries(received[0]?.body ?? [])).toEqual({ token: TOKEN, token_type_hint: 'access_token' });
  expect(received[0]?.headers.authorization).toMatch(/^Basic /);
});
