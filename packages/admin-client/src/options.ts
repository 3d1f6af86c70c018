/** Options of an `AdminClient`. */
export interface AdminClientOptions {
  /** Where the API is: `http://127.0.0.1:8001`; a path before `/v1` may follow. */
  readonly url: string;
  /** A token of the node's configuration. */
  readonly token: string;
  /** How long a call may take, in ms; of a stream, how long until it begins. Default: 30,000, enough for a fenced clear. */
  readonly timeoutMs?: number;
  /** How long a stream may be silent, in ms; the API says something every 15 seconds. Default: 45,000. */
  readonly idleTimeoutMs?: number;
  /** Sends requests. Default: the platform's `fetch`. */
  readonly fetch?: typeof globalThis.fetch;
}

/** Options of one call. */
export interface CallOptions {
  /** Ends the call: it rejects with the signal's reason. Of a stream: at any time. */
  readonly signal?: AbortSignal;
  /** Instead of the client's. */
  readonly timeoutMs?: number;
}

/** Complete and checked {@link AdminClientOptions}. */
export interface AdminClientConfig {
  /** Without a slash at its end. */
  readonly url: string;
  readonly token: string;
  readonly timeoutMs: number;
  readonly idleTimeoutMs: number;
  readonly fetch: typeof globalThis.fetch;
}

const TIMEOUT_MS = 30_000;
const IDLE_TIMEOUT_MS = 45_000;
/** What a timer of the platform can wait. */
const TIMEOUT_MS_MAX = 0x7fff_ffff;

/** Completes options; throws a `TypeError` that names every one that cannot be used. */
export function resolveOptions(options: AdminClientOptions): AdminClientConfig {
  const problems: string[] = [];
  const { timeoutMs = TIMEOUT_MS, idleTimeoutMs = IDLE_TIMEOUT_MS, fetch = globalThis.fetch } = options;
  if (typeof options.token !== 'string' || !/^[\x21-\x7e]{1,512}$/.test(options.token)) {
    problems.push('token: takes 1 to 512 printable ASCII characters without spaces');
  }
  for (const [name, value] of Object.entries({ timeoutMs, idleTimeoutMs })) {
    if (isTimeout(value)) continue;
    problems.push(`${name}: got ${String(value)}, takes a whole number of milliseconds from 1 to ${TIMEOUT_MS_MAX}`);
  }
  const url = checkedUrl(options.url, problems);
  if (problems.length > 0) throw new TypeError(`AdminClient has wrong options: ${problems.join('; ')}`);
  return { url, token: options.token, timeoutMs, idleTimeoutMs, fetch };
}

/** Whether a platform's timer can wait so long. */
export function isTimeout(value: unknown): boolean {
  return Number.isInteger(value) && Number(value) >= 1 && Number(value) <= TIMEOUT_MS_MAX;
}

function checkedUrl(text: string, problems: string[]): string {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  const isPlain = url !== undefined && /^https?:$/.test(url.protocol) && url.search + url.hash + url.username === '';
  if (!isPlain) problems.push('url: takes http://host[:port] or https://…, without user, query and fragment');
  return (url?.href ?? '').replace(/\/+$/, '');
}
