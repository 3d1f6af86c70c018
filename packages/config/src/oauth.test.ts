import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { OAuthClient } from './index.ts';
import { formatProblems, loadGatewayConfig, redactConfig } from './index.ts';

const FIXTURE = readFileSync(new URL('../test/fixtures/seed-shaped.json', import.meta.url), 'utf8');
const SECRET = 'client-secret-that-is-never-printed';
const MINIMAL = {
  enabled: true,
  OAUTH_CLIENT_ID: 'a-client',
  OAUTH_CLIENT_SECRET: SECRET,
  OAUTH_TOKEN_URL: 'https://as.example.com/token',
};

type Json = Record<string, unknown>;

function load(oauth: unknown, config: Json = { url: 'https://mcp.example.com/mcp' }) {
  const text = JSON.stringify({
    mcp_configs: { c: { mcp_config: [{ server_name: 's', config, oauth_config: oauth }] } },
    projects: { p: { mcp_config_id: 'c' } },
    users: { u: {} },
    apikeys: { key: { project_id: 'p', user_id: 'u' } },
  });
  return loadGatewayConfig({ file: 'gateway.json', environment: {}, readText: () => text });
}

function serverOf(oauth: unknown) {
  const result = load(oauth);
  if (!result.ok) throw new Error(formatProblems(result.problems));
  const server = result.value.directory.gateways[0]?.servers[0];
  if (server?.connection.kind !== 'http') throw new Error('no such server');
  return { fingerprint: server.fingerprint, oauth: server.connection.oauth, config: result.value };
}

function problemsOf(oauth: unknown, config?: Json): readonly string[] {
  const result = load(oauth, config);
  if (result.ok) return [];
  expect(formatProblems(result.problems)).not.toContain(SECRET);
  return result.problems.map(
    ({ path, got, takes }) => `${path.replace(/^.*\.mcp_config\[0\]\./, '')} | ${got} | ${takes}`,
  );
}

it('makes a complete client of the names of the description, with its defaults', () => {
  expect(serverOf(MINIMAL).oauth).toEqual({
    tokenUrl: 'https://as.example.com/token',
    clientId: 'a-client',
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
    identity: expect.stringMatching(/^[0-9a-f]{32}$/),
  } satisfies OAuthClient);
});

it('reads every field of a client, and takes null and empty text for none', () => {
  const whole = {
    ...MINIMAL,
    is_remote: true,
    OAUTH_VERSION: '2.0',
    OAUTH_GRANT_TYPE: 'client_credentials',
    OAUTH_AUDIENCE: ' api ',
    OAUTH_ORGANIZATION: 'org',
    OAUTH_SCOPE: 'read write',
    OAUTH_RESOURCE: 'https://mcp.example.com/mcp',
    OAUTH_TOKEN_EXPIRY_BUFFER: 60,
    OAUTH_USE_BASIC_AUTH: false,
    OAUTH_VALIDATE_SCOPES: false,
    OAUTH_REVOCATION_URL: 'https://as.example.com/revoke',
    OAUTH_ADDITIONAL_PARAMS: { tenant: 7, verbose: true },
    OAUTH_CUSTOM_HEADERS: { 'X-Tenant': 'seven' },
  };
  expect(serverOf(whole).oauth).toMatchObject({
    authentication: 'post',
    scope: 'read write',
    audience: 'api',
    organization: 'org',
    resource: 'https://mcp.example.com/mcp',
    expiryBufferMs: 60_000,
    validatesScopes: false,
    revocationUrl: 'https://as.example.com/revoke',
    additionalParams: { tenant: '7', verbose: 'true' },
    customHeaders: { 'X-Tenant': 'seven' },
  });
  const none = { OAUTH_SCOPE: ' ', OAUTH_AUDIENCE: null, OAUTH_ADDITIONAL_PARAMS: null, OAUTH_REVOCATION_URL: null };
  expect(serverOf({ ...MINIMAL, ...none }).oauth).toEqual(serverOf(MINIMAL).oauth);
});

it.each([undefined, null, {}, { enabled: false, OAUTH_CLIENT_SECRET: null, OAUTH_GRANT_TYPE: 'authorization_code' }])(
  'sends no token where OAuth is not switched on: %j',
  (oauth) => {
    expect(serverOf(oauth).oauth).toBeUndefined();
  },
);

it('loads a whole file of the description, OAuth switched off, as it is', () => {
  const result = loadGatewayConfig({ file: 'gateway.json', environment: {}, readText: () => FIXTURE });
  expect(result.ok).toBe(true);
});

const HTTP = 'http:// sends secrets in the clear; to this machine it may, with OAUTH_ENFORCE_HTTPS false';

it.each<[string, Json, string]>([
  ['no secret', { OAUTH_CLIENT_SECRET: null }, 'oauth_config.OAUTH_CLIENT_SECRET | null | the secret of the client'],
  ['an empty id', { OAUTH_CLIENT_ID: ' ' }, 'oauth_config.OAUTH_CLIENT_ID | " " (text) | the id of the client'],
  [
    'another grant',
    { OAUTH_GRANT_TYPE: 'authorization_code' },
    'oauth_config.OAUTH_GRANT_TYPE | "authorization_code" (text) | client_credentials: this gateway has no other grant',
  ],
  [
    'a misspelt field',
    { OAUTH_SCOPES: 'read' },
    'oauth_config.OAUTH_SCOPES | a field that is not known here | did you mean OAUTH_SCOPE?',
  ],
  [
    'tokens outside of headers',
    { OAUTH_TOKEN_IN_HEADER_ONLY: false },
    'oauth_config.OAUTH_TOKEN_IN_HEADER_ONLY | false | true: this gateway sends a token in a header, and in no other place',
  ],
  [
    'mutual TLS',
    { OAUTH_USE_MTLS: true },
    'oauth_config.OAUTH_USE_MTLS | true | false: this gateway has no mutual TLS',
  ],
  [
    'http',
    { OAUTH_TOKEN_URL: 'http://as.example.com/t' },
    `oauth_config.OAUTH_TOKEN_URL | an http:// URL | an https:// URL: ${HTTP}`,
  ],
  [
    'http to this machine',
    { OAUTH_TOKEN_URL: 'http://127.0.0.1/t' },
    `oauth_config.OAUTH_TOKEN_URL | an http:// URL | an https:// URL: ${HTTP}`,
  ],
  [
    'http to another machine, though it need not be https',
    { OAUTH_REVOCATION_URL: 'http://as.example.com/r', OAUTH_ENFORCE_HTTPS: false },
    `oauth_config.OAUTH_REVOCATION_URL | an http:// URL | an https:// URL: ${HTTP}`,
  ],
  [
    'a password in the URL',
    { OAUTH_TOKEN_URL: `https://user:${SECRET}@as.example.com` },
    'oauth_config.OAUTH_TOKEN_URL | "https://(secret)@as.example.com" (text) | an https:// URL without a user or password in it',
  ],
  [
    "a header that is the request's own",
    { OAUTH_CUSTOM_HEADERS: { Authorization: SECRET } },
    'oauth_config.OAUTH_CUSTOM_HEADERS | an object | an object of HTTP headers, none of them authorization, accept, content-type, content-length, host, transfer-encoding',
  ],
  [
    'a header that cannot be sent',
    { OAUTH_CUSTOM_HEADERS: { 'X-Tenant': `${SECRET}\r\nHost: x` } },
    'oauth_config.OAUTH_CUSTOM_HEADERS | an object | an object of HTTP headers, none of them authorization, accept, content-type, content-length, host, transfer-encoding',
  ],
  [
    "a parameter that is the request's own",
    { OAUTH_ADDITIONAL_PARAMS: { client_secret: SECRET } },
    'oauth_config.OAUTH_ADDITIONAL_PARAMS | an object | an object of texts, none of them grant_type, client_id, client_secret, client_assertion, client_assertion_type',
  ],
  [
    'a resource with a fragment',
    { OAUTH_RESOURCE: 'https://mcp.example.com/#part' },
    'oauth_config.OAUTH_RESOURCE | "https://mcp.example.com/?(masked)" (text) | an absolute URI without a fragment, or null for none',
  ],
  [
    'an endless buffer',
    { OAUTH_TOKEN_EXPIRY_BUFFER: 1e9 },
    'oauth_config.OAUTH_TOKEN_EXPIRY_BUFFER | 1000000000 | a whole number of seconds from 0 to 86400',
  ],
])('refuses %s, where OAuth is switched on', (...[, change, problem]) => {
  expect(problemsOf({ ...MINIMAL, ...change })).toEqual([problem]);
});

it('lets http reach this machine where it is allowed to', () => {
  const local = { OAUTH_ENFORCE_HTTPS: false, OAUTH_TOKEN_URL: 'http://localhost:9000/token' };
  expect(problemsOf({ ...MINIMAL, ...local }, { url: 'http://127.0.0.1:9001/mcp' })).toEqual([]);
});

it('refuses a token for a command, for a server over http, and beside a header of its own', () => {
  expect(problemsOf(MINIMAL, { command: 'x' })).toEqual([
    'oauth_config.enabled | true | false, or a server with a url: a command gets no token',
  ]);
  expect(problemsOf(MINIMAL, { url: 'http://mcp.example.com' })).toEqual([
    `config.url | an http:// URL | an https:// URL: ${HTTP}`,
  ]);
  expect(problemsOf(MINIMAL, { url: 'https://x', headers: { authorization: SECRET } })).toEqual([
    'config.headers.Authorization | (secret) | no such header where OAuth is enabled: the access token goes there',
  ]);
});

it('gives a server another fingerprint, and a token another identity, where another token is asked for', () => {
  const first = serverOf(MINIMAL);
  expect(first.fingerprint).not.toBe(serverOf(undefined).fingerprint);
  for (const change of [
    { OAUTH_CLIENT_SECRET: 'another' },
    { OAUTH_SCOPE: 'read' },
    { OAUTH_USE_BASIC_AUTH: false },
    { OAUTH_ADDITIONAL_PARAMS: { a: 1 } },
  ]) {
    const changed = serverOf({ ...MINIMAL, ...change });
    expect(changed.oauth?.identity).not.toBe(first.oauth?.identity);
    expect(changed.fingerprint).not.toBe(first.fingerprint);
  }
  const same = { OAUTH_TOKEN_EXPIRY_BUFFER: 900, OAUTH_REVOCATION_URL: 'https://as.example.com/revoke' };
  expect(serverOf({ ...MINIMAL, ...same }).oauth?.identity).toBe(first.oauth?.identity);
});

it('shows a client without its secret, and without a value of a parameter or header', () => {
  const given = { OAUTH_ADDITIONAL_PARAMS: { pin: SECRET }, OAUTH_CUSTOM_HEADERS: { 'X-Key': SECRET } };
  const { config } = serverOf({ ...MINIMAL, ...given, OAUTH_TOKEN_URL: `https://as.example.com/token?key=${SECRET}` });
  const printed = JSON.stringify(redactConfig(config));
  expect(printed).toContain('"tokenUrl":"https://as.example.com/token?(masked)","clientId":"a-client"');
  expect(printed).toContain('"pin":"(masked)"');
  expect(printed).not.toContain(SECRET);
  expect(printed).not.toContain(serverOf(MINIMAL).oauth?.identity);
});
