import type { AdminErrorBody, AdminErrorCode } from '@lockstep/admin-api';
import { CacheError } from '@lockstep/cache';

type Details = Omit<AdminErrorBody['error'], 'code' | 'message'>;

/** A request is answered with an error of the contract. */
export class Refusal extends Error {
  readonly code: AdminErrorCode;
  readonly details: Details;

  constructor(code: AdminErrorCode, message: string, details: Details & { readonly cause?: unknown } = {}) {
    const { cause, ...rest } = details;
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'Refusal';
    this.code = code;
    this.details = rest;
  }
}

/** An error of the caches as the contract has it; undefined: it is none that a caller can do anything about. */
export function refusalOf(error: unknown): Refusal | undefined {
  if (error instanceof Refusal) return error;
  if (!(error instanceof CacheError)) return undefined;
  switch (error.code) {
    case 'tier-unavailable':
    case 'tier-refused':
      return new Refusal('tier-unavailable', error.message, { cause: error });
    case 'overloaded':
      return new Refusal('busy', error.message, { retryAfterSeconds: 1, cause: error });
    case 'closed':
      return new Refusal('draining', 'This node is leaving; ask another one.', { retryAfterSeconds: 1, cause: error });
    case 'config-invalid':
    case 'key-invalid':
      return new Refusal('request-invalid', error.message, { cause: error });
    default:
      return undefined;
  }
}
