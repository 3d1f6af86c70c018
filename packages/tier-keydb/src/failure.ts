import { CacheError, TierUnavailableError, tlsFailure } from '@lockstep/core';

/** What a refusal means, and what to do about it; by the first word of the server's error. */
const REFUSALS: Readonly<Record<string, { readonly advice: string; readonly retryable: boolean }>> = {
  READONLY: { advice: 'this server is a replica: point the URL at the primary', retryable: true },
  NOREPLICAS: { advice: 'the primary has too few replicas to take writes (min-replicas-to-write)', retryable: true },
  MISCONF: { advice: "the server cannot save to disk and takes no writes: see the server's log", retryable: true },
  OOM: {
    advice: 'the server is out of memory: raise maxmemory, or set maxmemory-policy volatile-lru',
    retryable: true,
  },
  NOAUTH: { advice: 'the server wants a password: put it into the URL, redis://user:password@host', retryable: false },
  WRONGPASS: { advice: 'user or password in the URL is wrong', retryable: false },
  NOPERM: { advice: 'the user in the URL may not do this: see the ACL rule in the README', retryable: false },
  DENIED: { advice: 'the server is in protected mode: set a password, and put it into the URL', retryable: false },
  MOVED: { advice: 'this server is a node of a Redis Cluster, which is not supported yet', retryable: false },
  CROSSSLOT: { advice: 'this server is a node of a Redis Cluster, which is not supported yet', retryable: false },
  WRONGTYPE: { advice: 'something else writes keys that begin with lockstep: on this server', retryable: false },
};

/** Errors by which a server says that it cannot answer now, but will. */
const PASSING = /(?:^|-)(LOADING|BUSY|MASTERDOWN|CLUSTERDOWN|TRYAGAIN|ERR max number of clients)\b/;

/**
 * A server before Redis 7 wraps the error of a script's command into the script's own: `ERR Error running … -OOM …`, or
 * `… @user_script:36: WRONGTYPE …`.
 */
const REFUSED = new RegExp(`(?:^|-|: )(${Object.keys(REFUSALS).join('|')})\\b`);
/** What servers say where a script calls what its user may not: Redis 7, and those before it. */
const DENIED_IN_SCRIPT = /ACL failure in script|The user executing the script/;

/** What the client says of a command whose connection went, or had gone, in words that a user of the tier knows. */
const LOST: Readonly<Record<string, string>> = {
  MaxRetriesPerRequestError: 'the connection was lost before the answer came',
  AbortError: 'the connection was lost before the whole answer came',
};
const UNSENT = "Stream isn't writeable";
/** How a connection ends before anything was answered, and what to look at, in clear and with TLS. */
const NEVER_ANSWERED: readonly (readonly [RegExp, { readonly clear?: string; readonly tls: string }])[] = [
  [
    /ECONNRESET|EPIPE|closed/,
    {
      clear: 'where the server wants TLS, the URL begins with rediss://',
      tls: 'it hung up after the handshake: does it want a certificate of this node, or another one (certFile, keyFile)?',
    },
  ],
  [/ETIMEDOUT|socket disconnected/, { tls: 'does the server speak TLS on this port?' }],
];

/** What failed, and where. */
export interface FailedCall {
  /** What was asked of the tier, in words. */
  readonly what: string;
  /** The server's URL without credentials. */
  readonly server: string;
  /** Whether the server has never answered on this URL. */
  readonly isFirst?: boolean;
}

/** Translates the client's error: `tier-refused` where the server answered no, else `TierUnavailableError`. */
export function tierError(error: unknown, call: FailedCall): CacheError {
  if (error instanceof CacheError) return error;
  const cause = withoutArguments(error);
  if (cause.name !== 'ReplyError' || PASSING.test(cause.message)) {
    const why = LOST[cause.name] ?? (cause.message.startsWith(UNSENT) ? 'there is no connection' : undefined);
    const told = why ?? tlsFailure(error) ?? `${cause.message}${neverAnswered(cause, call)}`;
    const message = `${call.what}: ${call.server} does not answer: ${told}`;
    return new TierUnavailableError(message, { cause });
  }
  const word = DENIED_IN_SCRIPT.test(cause.message) ? 'NOPERM' : REFUSED.exec(cause.message)?.[1];
  const { advice, retryable } = (word === undefined ? undefined : REFUSALS[word]) ?? {
    advice: 'the tier needs a server with the commands of Redis 6.2',
    retryable: false,
  };
  const message = `${call.what}: ${call.server} refuses: ${cause.message}; ${advice}`;
  return new CacheError('tier-refused', message, { cause, retryable });
}

/** The error for an answer that no script of this release gives. */
export function malformedReply(what: string): CacheError {
  const message = `${what}: the tier's answer does not parse; does something else write keys that begin with lockstep:?`;
  return new CacheError('tier-refused', message);
}

/** The client's error without the command it belongs to: its arguments hold values and passwords. */
function withoutArguments(error: unknown): Error {
  if (!(error instanceof Error)) return new Error(String(error));
  const plain = new Error(error.message);
  plain.name = error.name;
  return plain;
}

function neverAnswered({ message }: Error, { server, isFirst }: FailedCall): string {
  if (isFirst !== true) return '';
  const looks = NEVER_ANSWERED.find(([ends]) => ends.test(message))?.[1];
  const look = server.startsWith('rediss:') ? looks?.tls : looks?.clear;
  return look === undefined ? '' : `; ${look}`;
}
