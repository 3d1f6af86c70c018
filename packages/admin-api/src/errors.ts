import { z } from 'zod';
import type { AuditMark, Receipt } from './receipt.ts';
import { auditMarkSchema, receiptSchema } from './receipt.ts';

/** Codes of every error of the API; callers branch on these. */
export type AdminErrorCode =
  | 'body-too-large'
  | 'busy'
  | 'draining'
  | 'forbidden'
  | 'host-refused'
  | 'internal'
  | 'method-not-allowed'
  | 'not-found'
  | 'rate-limited'
  | 'request-invalid'
  | 'tier-unavailable'
  | 'timed-out'
  | 'unauthenticated'
  | 'unsupported-media-type';

/** The HTTP status of each code. */
export const ERROR_STATUS: Readonly<Record<AdminErrorCode, AdminErrorStatus>> = {
  'body-too-large': 413,
  busy: 503,
  draining: 503,
  forbidden: 403,
  'host-refused': 403,
  internal: 500,
  'method-not-allowed': 405,
  'not-found': 404,
  'rate-limited': 429,
  'request-invalid': 400,
  'tier-unavailable': 503,
  'timed-out': 504,
  unauthenticated: 401,
  'unsupported-media-type': 415,
};

/** What an error's answer has for a status. */
export type AdminErrorStatus = 400 | 401 | 403 | 404 | 405 | 413 | 415 | 429 | 500 | 503 | 504;

/** What each code means, for documents. */
export const ERROR_MEANING: Readonly<Record<AdminErrorCode, string>> = {
  'body-too-large': 'The body is larger than a request may be.',
  busy: 'As many requests or streams are open as this node takes; try again.',
  draining: 'This node is leaving; ask another one.',
  forbidden: "The token's role or scope does not cover this.",
  'host-refused':
    'The Host or Origin of the request is not one of this API: it came from a web page, or by a name that it does not know.',
  internal: 'The node failed; its log says why.',
  'method-not-allowed': 'The path takes another method.',
  'not-found': 'No such path, or no such gateway, server or namespace on this node.',
  'rate-limited': 'Too many requests of this token, or failed ones of this address; `Retry-After` says when to go on.',
  'request-invalid': 'A field cannot be used; `problems` names each one.',
  'tier-unavailable': 'The shared tier did not confirm it; `unknown` says what may have happened or not.',
  'timed-out': 'It took longer than a request may.',
  unauthenticated: 'No token, or none that is known.',
  'unsupported-media-type': 'The body is not application/json.',
};

/** One field that cannot be used. */
export interface FieldProblem {
  /** Where: `scope`, `reason`, `limit`; empty for the whole. */
  readonly field: string;
  readonly message: string;
}

/** The answer to a request that failed. */
export interface AdminErrorBody {
  readonly error: {
    readonly code: AdminErrorCode;
    readonly message: string;
    /** `request-invalid`. */
    readonly problems?: readonly FieldProblem[];
    /** `rate-limited`, `busy`, `draining`: how long to wait; also in `Retry-After`. */
    readonly retryAfterSeconds?: number;
    /** `tier-unavailable`: what may be cleared or not. */
    readonly unknown?: readonly string[];
    /** `tier-unavailable`: the parts that the tier has all the same. */
    readonly receipts?: readonly Receipt[];
    /** `tier-unavailable`: where the attempt is recorded. */
    readonly audit?: AuditMark;
  };
}

const errorCodes: readonly AdminErrorCode[] = Object.keys(ERROR_STATUS) as AdminErrorCode[];

export const adminErrorBodySchema: z.ZodType<AdminErrorBody> = z
  .object({
    error: z.object({
      code: z.enum(errorCodes),
      message: z.string(),
      problems: z.array(z.object({ field: z.string(), message: z.string() })).exactOptional(),
      retryAfterSeconds: z.int().nonnegative().exactOptional(),
      unknown: z.array(z.string()).exactOptional(),
      receipts: z.array(receiptSchema).exactOptional(),
      audit: auditMarkSchema.exactOptional(),
    }),
  })
  .meta({ description: 'What went wrong, with a stable code.' });
