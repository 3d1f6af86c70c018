import { createHash } from 'node:crypto';
import { z } from 'zod';
import { field } from './field.ts';

/** A token of the admin API as the file has it, by its name. */
export interface AdminTokenEntry {
  readonly role: AdminToken['role'];
  readonly token?: string | undefined;
  readonly token_sha256?: string | undefined;
  readonly namespaces?: readonly string[] | undefined;
  readonly gateways?: readonly string[] | undefined;
}

/** Who may use the admin API. The token itself is not kept. */
export interface AdminToken {
  readonly name: string;
  /** Of the token: SHA-256, in hexadecimal. */
  readonly digest: string;
  /** A `viewer` looks, an `operator` also clears. */
  readonly role: 'viewer' | 'operator';
  /** What it is limited to; undefined: it is not limited. */
  readonly limits: AdminLimits | undefined;
}

/** What a limited token may name: these namespaces, and these gateways. */
export interface AdminLimits {
  readonly namespaces: readonly string[];
  readonly gateways: readonly string[];
}

/** Where the admin API listens, and for whom. */
export interface AdminConfig {
  readonly host: string;
  readonly port: number;
  /** By which names it is asked besides `host`. */
  readonly hosts: readonly string[];
  /** None: it does not listen. */
  readonly tokens: readonly AdminToken[];
}

const list = (takes: string): z.ZodType =>
  field(z.array(field(z.string().min(1).max(700), 'text')).min(1), takes).optional();

const tokenSchema = field(
  z
    .strictObject({
      role: field(z.enum(['viewer', 'operator']), 'viewer or operator'),
      token: field(z.string().regex(/^[\x21-\x7e]{32,512}$/), '32 to 512 printable ASCII characters without spaces', {
        secret: true,
      }).optional(),
      token_sha256: field(z.string().regex(/^[0-9a-f]{64}$/), 'the SHA-256 of the token: 64 hexadecimal digits', {
        secret: true,
      }).optional(),
      namespaces: list('a list of names of namespaces'),
      gateways: list('a list of ids of gateways'),
    })
    .refine(({ token, token_sha256: digest }) => (token === undefined) !== (digest === undefined)),
  'an object with a role, and with either a token or its token_sha256',
);

/** The section `admin_tokens`. */
export const adminTokensSchema: z.ZodType = field(
  z.record(z.string().regex(/^[\w.-]{1,64}$/), tokenSchema),
  'an object of tokens by name; a name is 1 to 64 letters, digits, _, - and .',
);

/** The tokens of a section whose form has been checked. */
export function adminTokensOf(section: Readonly<Record<string, AdminTokenEntry>>): readonly AdminToken[] {
  return Object.entries(section).map(([name, entry]) => {
    const { role, token, token_sha256: digest, namespaces, gateways } = entry;
    const isLimited = namespaces !== undefined || gateways !== undefined;
    return {
      name,
      role,
      digest: digest ?? createHash('sha256').update(String(token)).digest('hex'),
      limits: isLimited ? { namespaces: namespaces ?? [], gateways: gateways ?? [] } : undefined,
    };
  });
}
