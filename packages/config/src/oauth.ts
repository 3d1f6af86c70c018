import { createHash } from 'node:crypto';
import type { OAuthEntry } from './oauth-entry.ts';
import { oauthSchema } from './oauth-entry.ts';
import { parse } from './parse.ts';
import type { ConfigProblem, PathPart } from './problem.ts';
import { pathText } from './problem.ts';

const SECOND_MS = 1_000;
const EXPIRY_BUFFER_SECONDS = 300;
const LOOPBACK = /^(localhost|127(\.\d{1,3}){3}|\[::1\])$/;

/** How the gateway gets access tokens for an MCP server: OAuth client credentials. */
export interface OAuthClient {
  readonly tokenUrl: string;
  readonly clientId: string;
  readonly clientSecret: string;
  /** Where the secret is sent: in the header `Authorization`, or in the body of the request. */
  readonly authentication: 'basic' | 'post';
  readonly scope: string | undefined;
  readonly audience: string | undefined;
  readonly organization: string | undefined;
  readonly resource: string | undefined;
  /** How long before its end a token is to be replaced at the latest, where it lives for long enough. */
  readonly expiryBufferMs: number;
  /** Whether a token that was granted less than `scope` is refused. */
  readonly validatesScopes: boolean;
  readonly revocationUrl: string | undefined;
  readonly additionalParams: Readonly<Record<string, string>>;
  readonly customHeaders: Readonly<Record<string, string>>;
  /**
   * Differs where another token would be asked for: another endpoint, client, secret, scope, audience, resource or
   * parameter; 32 hexadecimal characters. Derived from the secret: never log it.
   */
  readonly identity: string;
}

/** What is wrong with a server's `oauth_config`, and with what it does to the server's connection; `at` is the server. */
export function oauthProblems(server: Readonly<Record<string, unknown>>, at: readonly PathPart[]): ConfigProblem[] {
  const oauth = server['oauth_config'];
  if (!isEnabled(oauth)) return [];
  const parsed = parse(oauthSchema, oauth, [...at, 'oauth_config']);
  const problems = parsed.ok ? [] : [...parsed.problems];
  const connection = server['config'] as { readonly url?: unknown; readonly headers?: unknown } | null | undefined;
  if (typeof connection?.url !== 'string') {
    const takes = 'false, or a server with a url: a command gets no token';
    return [...problems, { path: pathText([...at, 'oauth_config', 'enabled']), got: 'true', takes }];
  }
  const allowsLoopback = (oauth as Partial<OAuthEntry>).OAUTH_ENFORCE_HTTPS === false;
  const urls: readonly (readonly [readonly PathPart[], unknown])[] = [
    [['oauth_config', 'OAUTH_TOKEN_URL'], (oauth as Partial<OAuthEntry>).OAUTH_TOKEN_URL],
    [['oauth_config', 'OAUTH_REVOCATION_URL'], (oauth as Partial<OAuthEntry>).OAUTH_REVOCATION_URL],
    [['config', 'url'], connection.url],
  ];
  for (const [path, url] of urls) {
    if (!isPlain(url) || (allowsLoopback && isLoopback(url))) continue;
    const takes =
      'an https:// URL: http:// sends secrets in the clear; to this machine it may, with OAUTH_ENFORCE_HTTPS false';
    problems.push({ path: pathText([...at, ...path]), got: 'an http:// URL', takes });
  }
  const headers = Object.keys((connection.headers ?? {}) as object);
  if (headers.some((name) => name.toLowerCase() === 'authorization')) {
    const takes = 'no such header where OAuth is enabled: the access token goes there';
    problems.push({ path: pathText([...at, 'config', 'headers', 'Authorization']), got: '(secret)', takes });
  }
  return problems;
}

/** The client of a server's `oauth_config` that has been checked; undefined where it is not switched on. */
export function buildOAuth(oauth: unknown): OAuthClient | undefined {
  if (!isEnabled(oauth)) return undefined;
  const entry = oauthSchema.parse(oauth);
  const client: Omit<OAuthClient, 'identity'> = {
    tokenUrl: entry.OAUTH_TOKEN_URL,
    clientId: entry.OAUTH_CLIENT_ID,
    clientSecret: entry.OAUTH_CLIENT_SECRET,
    authentication: entry.OAUTH_USE_BASIC_AUTH === false ? 'post' : 'basic',
    scope: filled(entry.OAUTH_SCOPE),
    audience: filled(entry.OAUTH_AUDIENCE),
    organization: filled(entry.OAUTH_ORGANIZATION),
    resource: filled(entry.OAUTH_RESOURCE),
    expiryBufferMs: (entry.OAUTH_TOKEN_EXPIRY_BUFFER ?? EXPIRY_BUFFER_SECONDS) * SECOND_MS,
    validatesScopes: entry.OAUTH_VALIDATE_SCOPES !== false,
    revocationUrl: filled(entry.OAUTH_REVOCATION_URL),
    additionalParams: mapValues(entry.OAUTH_ADDITIONAL_PARAMS ?? {}),
    customHeaders: entry.OAUTH_CUSTOM_HEADERS ?? {},
  };
  return { ...client, identity: identityOf(client) };
}

function identityOf(client: Omit<OAuthClient, 'identity'>): string {
  const { expiryBufferMs: _, revocationUrl: __, additionalParams, customHeaders, ...rest } = client;
  const asked = [sorted(rest), sorted(additionalParams), sorted(customHeaders)];
  return createHash('sha256').update(JSON.stringify(asked)).digest('hex').slice(0, 32);
}

function isEnabled(oauth: unknown): oauth is object {
  return typeof oauth === 'object' && oauth !== null && (oauth as { readonly enabled?: unknown }).enabled === true;
}

function isPlain(url: unknown): url is string {
  return typeof url === 'string' && URL.canParse(url) && new URL(url).protocol === 'http:';
}

function isLoopback(url: string): boolean {
  return LOOPBACK.test(new URL(url).hostname);
}

/** Nothing but spaces stands for none. */
function filled(text: string | null | undefined): string | undefined {
  const trimmed = text?.trim();
  return trimmed === '' ? undefined : trimmed;
}

function mapValues(record: Readonly<Record<string, string | number | boolean>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, String(value)]));
}

function sorted(record: Readonly<Record<string, unknown>>): readonly (readonly [string, unknown])[] {
  const entries = Object.entries(record).map(([name, value]) => [name, value ?? null] as const);
  return entries.sort(([left], [right]) => (left < right ? -1 : 1));
}
