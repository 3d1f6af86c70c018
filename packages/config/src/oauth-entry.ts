import { z } from 'zod';
import { field } from './field.ts';

const TEXT_LENGTH_MAX = 2_000;
const BUFFER_SECONDS_MAX = 86_400;
/** A request's own fields: they are set by others, or would undo what they say. */
const RESERVED_PARAMS = ['grant_type', 'client_id', 'client_secret', 'client_assertion', 'client_assertion_type'];
const RESERVED_HEADERS = ['authorization', 'accept', 'content-type', 'content-length', 'host', 'transfer-encoding'];
const HEADER_NAME = /^[\w!#$%&'*+.^`|~-]+$/;
/** As far as a header's value can be sent: visible characters of Latin-1, spaces and tabs. */
const HEADER_VALUE = /^[\t\x20-\x7e\x80-\xff]*$/;
/** RFC 6749, 3.3: names with single spaces between. */
const SCOPE = /^[\x21\x23-\x5b\x5d-\x7e]+( [\x21\x23-\x5b\x5d-\x7e]+)*$/;

/** Known, and without effect here: any value. */
const noEffect = z.unknown().optional();
const flag = field(z.boolean().nullable(), 'true or false').optional();
const text = field(z.string().max(TEXT_LENGTH_MAX).nullable(), 'text, or null for none').optional();
const url = field(
  z
    .url({ protocol: /^https?$/ })
    .max(TEXT_LENGTH_MAX)
    .refine(hasNoUser),
  'an https:// URL without a user or password in it',
);

/** The credentials, and the URLs they go to, of an OAuth client, as the file has them, switched on. */
export interface OAuthEntry {
  readonly OAUTH_TOKEN_URL: string;
  readonly OAUTH_CLIENT_ID: string;
  readonly OAUTH_CLIENT_SECRET: string;
  readonly OAUTH_AUDIENCE?: string | null | undefined;
  readonly OAUTH_ORGANIZATION?: string | null | undefined;
  readonly OAUTH_SCOPE?: string | null | undefined;
  readonly OAUTH_RESOURCE?: string | null | undefined;
  readonly OAUTH_TOKEN_EXPIRY_BUFFER?: number | null | undefined;
  readonly OAUTH_USE_BASIC_AUTH?: boolean | null | undefined;
  readonly OAUTH_ENFORCE_HTTPS?: boolean | null | undefined;
  readonly OAUTH_VALIDATE_SCOPES?: boolean | null | undefined;
  readonly OAUTH_REVOCATION_URL?: string | null | undefined;
  readonly OAUTH_ADDITIONAL_PARAMS?: Readonly<Record<string, string | number | boolean>> | null | undefined;
  readonly OAUTH_CUSTOM_HEADERS?: Readonly<Record<string, string>> | null | undefined;
}

/** An `oauth_config` that is switched on: client credentials, by the names of the description that this gateway follows. */
export const oauthSchema: z.ZodType<OAuthEntry> = field(
  z.strictObject({
    enabled: z.literal(true),
    OAUTH_VERSION: field(z.enum(['2.0', '2.1']).nullable(), '"2.0" or "2.1"').optional(),
    OAUTH_GRANT_TYPE: field(
      z.literal('client_credentials').nullable(),
      'client_credentials: this gateway has no other grant',
    ).optional(),
    OAUTH_TOKEN_URL: url,
    OAUTH_CLIENT_ID: field(z.string().trim().min(1).max(TEXT_LENGTH_MAX), 'the id of the client'),
    OAUTH_CLIENT_SECRET: field(z.string().min(1).max(TEXT_LENGTH_MAX).refine(isNotBlank), 'the secret of the client', {
      secret: true,
    }),
    OAUTH_AUDIENCE: text,
    OAUTH_ORGANIZATION: text,
    OAUTH_SCOPE: field(
      z.string().max(TEXT_LENGTH_MAX).refine(isScope).nullable(),
      'scopes with single spaces between, or null for none',
    ).optional(),
    OAUTH_RESOURCE: field(
      z.string().max(TEXT_LENGTH_MAX).refine(isResource).nullable(),
      'an absolute URI without a fragment, or null for none',
    ).optional(),
    OAUTH_TOKEN_EXPIRY_BUFFER: field(
      z.int().min(0).max(BUFFER_SECONDS_MAX).nullable(),
      `a whole number of seconds from 0 to ${BUFFER_SECONDS_MAX}`,
    ).optional(),
    OAUTH_USE_BASIC_AUTH: flag,
    OAUTH_ENFORCE_HTTPS: flag,
    OAUTH_TOKEN_IN_HEADER_ONLY: field(
      z.literal(true).nullable(),
      'true: this gateway sends a token in a header, and in no other place',
    ).optional(),
    OAUTH_VALIDATE_SCOPES: flag,
    OAUTH_USE_MTLS: field(z.literal(false).nullable(), 'false: this gateway has no mutual TLS').optional(),
    OAUTH_REVOCATION_URL: url.nullable().optional(),
    OAUTH_ADDITIONAL_PARAMS: field(
      z
        .record(z.string().min(1), z.union([z.string(), z.number(), z.boolean()]))
        .refine(areParams)
        .nullable(),
      `an object of texts, none of them ${RESERVED_PARAMS.join(', ')}`,
      { secret: true },
    ).optional(),
    OAUTH_CUSTOM_HEADERS: field(
      z.record(z.string(), z.string()).refine(areHeaders).nullable(),
      `an object of HTTP headers, none of them ${RESERVED_HEADERS.join(', ')}`,
      { secret: true },
    ).optional(),
    is_remote: noEffect,
    OAUTH_AUTHORIZATION_URL: noEffect,
    OAUTH_REDIRECT_URI: noEffect,
    OAUTH_USE_PKCE: noEffect,
    OAUTH_CODE_VERIFIER: noEffect,
    OAUTH_CODE_CHALLENGE: noEffect,
    OAUTH_CODE_CHALLENGE_METHOD: noEffect,
    OAUTH_STATE: noEffect,
    OAUTH_CLIENT_CERT_PATH: noEffect,
    OAUTH_CLIENT_KEY_PATH: noEffect,
    OAUTH_CA_BUNDLE_PATH: noEffect,
  }),
  'an object of OAuth settings',
) as unknown as z.ZodType<OAuthEntry>;

function hasNoUser(text: string): boolean {
  if (!URL.canParse(text)) return false;
  const { username, password } = new URL(text);
  return username === '' && password === '';
}

function isNotBlank(text: string): boolean {
  return text.trim() !== '';
}

/** Nothing but spaces stands for none. */
function isScope(text: string): boolean {
  return text.trim() === '' || SCOPE.test(text.trim());
}

function isResource(text: string): boolean {
  return text.trim() === '' || (URL.canParse(text) && !text.includes('#'));
}

function areParams(params: Readonly<Record<string, unknown>>): boolean {
  return !Object.keys(params).some((name) => RESERVED_PARAMS.includes(name));
}

function areHeaders(headers: Readonly<Record<string, string>>): boolean {
  return Object.entries(headers).every(
    ([name, value]) =>
      HEADER_NAME.test(name) && HEADER_VALUE.test(value) && !RESERVED_HEADERS.includes(name.toLowerCase()),
  );
}
