import type { AdminErrorBody, AdminErrorCode } from '@lockstep/admin-api';

/**
 * What a call failed with. Beside the codes of the API: `unreachable`, nothing answered; `too-slow`, no answer in the
 * call's time, what was asked for may have been done; `broken-off`, a stream ended before its end; `answer-invalid`, what
 * came is no answer of this API.
 */
export type AdminClientErrorCode = AdminErrorCode | 'answer-invalid' | 'broken-off' | 'too-slow' | 'unreachable';

type Details = Omit<AdminErrorBody['error'], 'code' | 'message'>;

interface AdminErrorOptions extends Details {
  readonly status?: number;
  readonly cause?: unknown;
}

/** A call of the admin API failed: callers branch on `code`. The token is in no message. */
export class AdminError extends Error {
  readonly code: AdminClientErrorCode;
  /** Of the HTTP answer; undefined: there was none. */
  readonly status: number | undefined;
  /** `request-invalid`: each field that cannot be used. */
  readonly problems: NonNullable<Details['problems']>;
  /** How long to wait before the next try; undefined: the API does not say. */
  readonly retryAfterSeconds: number | undefined;
  /** `tier-unavailable`: what may be cleared or not, what is cleared, and where that is recorded. */
  readonly unknown: NonNullable<Details['unknown']>;
  readonly receipts: NonNullable<Details['receipts']>;
  readonly audit: Details['audit'];

  constructor(code: AdminClientErrorCode, message: string, options: AdminErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'AdminError';
    this.code = code;
    this.status = options.status;
    this.problems = options.problems ?? [];
    this.retryAfterSeconds = options.retryAfterSeconds;
    this.unknown = options.unknown ?? [];
    this.receipts = options.receipts ?? [];
    this.audit = options.audit;
  }
}
