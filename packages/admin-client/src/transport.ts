import type { RouteName, RouteTypes } from '@lockstep/admin-api';
import { adminErrorBodySchema, PREFIX, ROUTES } from '@lockstep/admin-api';
import { AdminError } from './admin-error.ts';
import type { Deadline } from './deadline.ts';
import { LateError, within } from './deadline.ts';
import type { AdminClientConfig, CallOptions } from './options.ts';
import { isTimeout } from './options.ts';
import { lines, readText, wholeText } from './read-body.ts';
import { serverSent } from './server-sent.ts';

/** What one call sends. */
export interface Sent<N extends RouteName> {
  readonly query?: RouteTypes[N]['query'];
  readonly body?: RouteTypes[N]['body'];
}

/** Sends requests of the contract, and reads what comes as the contract says. */
export class Transport {
  readonly #config: AdminClientConfig;

  constructor(config: AdminClientConfig) {
    this.#config = config;
  }

  /** One request, one answer. */
  async call<N extends RouteName>(name: N, sent: Sent<N>, options: CallOptions): Promise<RouteTypes[N]['answer']> {
    const deadline = this.#deadline(options);
    return explained({ name, signal: deadline.signal }, async () => {
      const response = await this.#send(name, sent, deadline);
      const parsed = ROUTES[name].answer.safeParse(jsonOf(await wholeText(response, deadline)));
      if (parsed.success) return parsed.data as RouteTypes[N]['answer'];
      throw invalid(name, { status: response.status, cause: parsed.error });
    });
  }

  /** One request, and what comes of it as it comes. An item of a kind that this release does not know is left out. */
  async *stream<N extends 'warm' | 'events'>(
    name: N,
    sent: Sent<N>,
    options: CallOptions,
  ): AsyncGenerator<RouteTypes[N]['answer'], void, undefined> {
    const { signal } = options;
    const called: Called = { name, signal };
    const response = await explained(called, () => this.#send(name, sent, this.#deadline(options)));
    const parts = readText(response, { signal, timeoutMs: this.#config.idleTimeoutMs });
    const documents = ROUTES[name].format === 'sse' ? serverSent(parts) : lines(parts);
    try {
      for (;;) {
        const { done, value } = await explained(called, () => documents.next());
        if (done === true) return;
        const document = jsonOf(value);
        const parsed = ROUTES[name].answer.safeParse(document);
        if (parsed.success) yield parsed.data as RouteTypes[N]['answer'];
        else if (!isItem(document)) throw invalid(name, { status: response.status, cause: parsed.error });
      }
    } finally {
      await documents.return();
    }
  }

  async #send<N extends RouteName>(name: N, { query, body }: Sent<N>, deadline: Deadline): Promise<Response> {
    const { method, path } = ROUTES[name];
    const { url, token, fetch } = this.#config;
    const search = searchOf(query);
    const abandoned = new AbortController();
    try {
      const answer = fetch(`${url}${PREFIX}${path}${search}`, {
        method,
        headers: {
          authorization: `Bearer ${token}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        // A token is for this address alone.
        redirect: 'error',
        credentials: 'omit',
        cache: 'no-store',
        referrerPolicy: 'no-referrer',
        signal: deadline.signal === undefined ? abandoned.signal : AbortSignal.any([deadline.signal, abandoned.signal]),
      });
      const response = await within(answer, deadline);
      if (!response.ok) throw refusal(name, response.status, await wholeText(response, deadline));
      return response;
    } catch (error) {
      abandoned.abort();
      throw error;
    }
  }

  #deadline({ signal, timeoutMs = this.#config.timeoutMs }: CallOptions): Deadline {
    if (!isTimeout(timeoutMs)) throw new TypeError(`timeoutMs: got ${timeoutMs}, takes a whole number from 1 on`);
    return { signal, timeoutMs };
  }
}

/** Fields that are left out are not sent. */
function searchOf(query: object | undefined): string {
  const parameters = new URLSearchParams();
  for (const [field, value] of Object.entries(query ?? {})) {
    if (value !== undefined) parameters.set(field, String(value));
  }
  return parameters.size === 0 ? '' : `?${parameters}`;
}

/** Does `work`, and says in this package's errors what it fails with; the caller's own abort stays what it is. */
async function explained<T>(called: Called, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw translated(called, error);
  }
}

interface Called {
  readonly name: RouteName;
  readonly signal: AbortSignal | undefined;
}

function translated({ name, signal }: Called, cause: unknown): unknown {
  if (cause instanceof AdminError || (signal?.aborted === true && cause === signal.reason)) return cause;
  if (cause instanceof LateError) return new AdminError('too-slow', `${name}: nothing came in time`, { cause });
  const { message, cause: deeper } = cause instanceof Error ? cause : new Error(String(cause));
  const why = deeper instanceof Error ? deeper.message : message;
  return new AdminError('unreachable', `${name}: the admin API cannot be reached: ${why}`, { cause });
}

function refusal(name: RouteName, status: number, text: string): AdminError {
  const parsed = adminErrorBodySchema.safeParse(jsonOf(text));
  if (!parsed.success) return invalid(name, { status, cause: parsed.error });
  const { code, message, ...details } = parsed.data.error;
  return new AdminError(code, message, { status, ...details });
}

function invalid(name: RouteName, { status, cause }: { readonly status: number; readonly cause: unknown }): AdminError {
  const message = `${name}: what came with status ${status} is no answer of this API: is the URL that of a gateway's admin API, of this release?`;
  return new AdminError('answer-invalid', message, { status, cause });
}

/** Whether something may be an item of a later release. */
function isItem(document: unknown): boolean {
  return typeof document === 'object' && document !== null && 'type' in document;
}

/** undefined: it is no JSON. */
function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
