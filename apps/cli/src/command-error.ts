import { AdminError } from '@lockstep/admin-client';
import type { ExitCode } from './exit-codes.ts';
import { EXIT } from './exit-codes.ts';

interface CommandErrorOptions {
  readonly exitCode: ExitCode;
  readonly advice?: string;
  readonly cause?: unknown;
}

/** A command cannot go on: what is wrong, what to do about it, and the code that the process ends with. */
export class CommandError extends Error {
  readonly exitCode: ExitCode;
  /** undefined: the message says it all. */
  readonly advice: string | undefined;

  constructor(message: string, { exitCode, advice, cause }: CommandErrorOptions) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'CommandError';
    this.exitCode = exitCode;
    this.advice = advice;
  }
}

/** What a call of the admin API at `url` failed with, as a person can act on it. */
export function adminFailure(cause: unknown, url: string): CommandError {
  if (cause instanceof CommandError) return cause;
  if (!(cause instanceof AdminError)) {
    const message = cause instanceof Error ? cause.message : String(cause);
    return new CommandError(message, { exitCode: EXIT.failed, cause });
  }
  const { exitCode, message, advice } = told(cause, url);
  return new CommandError(message, { exitCode, cause, ...(advice === undefined ? {} : { advice }) });
}

interface Told {
  readonly exitCode: ExitCode;
  readonly message: string;
  readonly advice?: string;
}

function told(error: AdminError, url: string): Told {
  const { code, message } = error;
  const wait = error.retryAfterSeconds === undefined ? 'try again' : `try again in ${error.retryAfterSeconds} s`;
  switch (code) {
    case 'unreachable':
      return unreachable(error, url);
    case 'too-slow':
    case 'timed-out':
      return { exitCode: EXIT.unreachable, message: `${url} did not answer in time`, advice: 'see lockstep doctor' };
    case 'unauthenticated':
      return {
        exitCode: EXIT.notAuthorised,
        message: `${url} does not know this token`,
        advice: 'LOCKSTEP_ADMIN_TOKEN or --token-file takes a token of the node’s configuration',
      };
    case 'forbidden':
      return { exitCode: EXIT.notAuthorised, message, advice: 'use a token whose role and limits cover it' };
    case 'host-refused':
      return { exitCode: EXIT.notAuthorised, message, advice: 'use a name in --url that the node’s admin API knows' };
    case 'request-invalid': {
      const problems = error.problems.map(({ field, message: why }) => (field === '' ? why : `${field}: ${why}`));
      return { exitCode: EXIT.usage, message: problems.length === 0 ? message : problems.join('\n') };
    }
    case 'tier-unavailable':
      return { exitCode: EXIT.unreachable, message, advice: 'see lockstep doctor' };
    case 'broken-off':
      return { exitCode: EXIT.partlyUnknown, message, advice: 'the node may be leaving: ask again, or another node' };
    case 'busy':
    case 'draining':
    case 'rate-limited':
      return { exitCode: EXIT.failed, message, advice: wait };
    default:
      return { exitCode: EXIT.failed, message };
  }
}

function unreachable(error: AdminError, url: string): Told {
  const code = errorCode(error);
  const exitCode = EXIT.unreachable;
  if (code === 'ECONNREFUSED') {
    return {
      exitCode,
      message: `nothing listens on ${url}`,
      advice: 'is the node running, with an admin API? --url (or LOCKSTEP_ADMIN_URL) says where it is',
    };
  }
  if (code === 'ENOTFOUND' || code === 'EAI_AGAIN') {
    return { exitCode, message: `the name in ${url} is not known here (${code})`, advice: 'see --url' };
  }
  return { exitCode, message: error.message, advice: `is ${url} that of a node's admin API? See --url` };
}

/** The system's code of a failure, however deep it is. */
export function errorCode(error: unknown): string | undefined {
  for (let at = error, depth = 0; at instanceof Error && depth < 5; at = at.cause, depth++) {
    const { code } = at as { readonly code?: unknown };
    if (typeof code === 'string' && /^E[A-Z_]+$/.test(code)) return code;
  }
  return undefined;
}
