import type { ConfigSource } from './config-source.ts';
import { CONFIG_BYTES_MAX, SourceError } from './config-source.ts';

const READ_MS_MAX = 10_000;
/** By how much of itself the time between two reads is shortened at most, so that nodes do not ask at once. */
const JITTER = 0.2;

/** Where an HTTP source is, and how it is asked. */
export interface HttpSourceOptions {
  readonly url: string;
  /** What messages call it. */
  readonly name: string;
  readonly token: string | undefined;
  readonly pollMs: number;
}

/**
 * An `http://` or `https://` URL, asked now and then, with the `ETag` of what it answered last: an answer 304 has no
 * body. Redirects are not followed: the token goes where it was meant for, and nowhere else.
 */
export class HttpSource implements ConfigSource {
  readonly kind = 'http';
  readonly name: string;
  readonly #options: HttpSourceOptions;
  #etag: string | undefined;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: HttpSourceOptions) {
    this.name = options.name;
    this.#options = options;
  }

  async read(signal: AbortSignal): Promise<string | undefined> {
    const { url, token } = this.#options;
    const headers = {
      accept: 'application/json',
      ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
      ...(this.#etag === undefined ? {} : { 'if-none-match': this.#etag }),
    };
    const until = AbortSignal.any([signal, AbortSignal.timeout(READ_MS_MAX)]);
    try {
      const response = await fetch(url, { headers, redirect: 'manual', signal: until });
      if (response.status !== 200) await response.body?.cancel();
      if (response.status === 304 && this.#etag !== undefined) return undefined;
      if (response.status !== 200) throw new SourceError(`HTTP ${response.status}`);
      const text = await boundedText(response);
      this.#etag = response.headers.get('etag') ?? undefined;
      return text;
    } catch (error) {
      throw error instanceof SourceError ? error : new SourceError(reasonOf(error), { cause: error });
    }
  }

  watch(changed: () => void): void {
    const ask = (): void => {
      this.#timer = setTimeout(
        () => {
          ask();
          changed();
        },
        this.#options.pollMs * (1 - JITTER * Math.random()),
      ).unref();
    };
    ask();
  }

  close(): void {
    clearTimeout(this.#timer);
  }
}

async function boundedText({ body }: Response): Promise<string> {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  let [text, bytes] = ['', 0];
  for await (const chunk of body ?? []) {
    bytes += chunk.byteLength;
    if (bytes > CONFIG_BYTES_MAX) throw new SourceError(`more than ${CONFIG_BYTES_MAX} bytes`);
    text += decoder.decode(chunk, { stream: true });
  }
  return text + decoder.decode();
}

/** What went wrong underneath, by its code: messages may hold the URL. */
function reasonOf(error: unknown): string {
  if ((error as { name?: unknown }).name === 'TimeoutError') return `no answer within ${READ_MS_MAX} ms`;
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    const { code } = inner as { code?: unknown };
    if (typeof code === 'string' && code !== '') return code;
  }
  return 'no usable answer';
}
