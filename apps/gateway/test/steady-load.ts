import { waitFor } from '@lockstep/testkit';
import { KEY } from './harness.ts';

const PROTOCOL = '2026-07-28';
/** Answers that are taken into account when the longest pause between two is looked for. */
const LIST = 'tools/list';

/** A version of the tool list that answers must not be older than, from a moment on. */
interface Floor {
  readonly version: number;
  /** Requests that begin later than this are held to it; in ms of `performance.now`. */
  readonly fromMs: number;
}

/** What clients saw. */
export interface Seen {
  readonly lists: number;
  readonly calls: number;
  /** Every request that failed, and how. */
  readonly failures: readonly string[];
  /** Every list that was older than it may be. */
  readonly stale: readonly string[];
  /** The longest time in which no list was answered. */
  readonly longestPauseMs: number;
}

/** Clients that ask a gateway for its tools and call them, each without a pause, and hold every answer to what it must be. */
export class SteadyLoad {
  readonly #url: string;
  readonly #stop = new AbortController();
  readonly #floors: Floor[] = [];
  readonly #failures: string[] = [];
  readonly #stale: string[] = [];
  readonly #running: readonly Promise<void>[];
  #lists = 0;
  #calls = 0;
  #lastMs = performance.now();
  #longestPauseMs = 0;

  constructor(url: string, clients: number) {
    this.#url = url;
    this.#running = Array.from({ length: clients }, (_, index) => this.#run(index));
  }

  /** From `fromMs` on no list may be older than that version. */
  raise(version: number, fromMs: number = performance.now()): void {
    this.#floors.push({ version, fromMs });
  }

  /** Resolves once so many more lists have been answered. */
  async more(lists: number): Promise<void> {
    const goal = this.#lists + lists;
    await waitFor(() => this.#lists >= goal, { what: `${lists} more lists`, timeoutMs: 20_000 });
  }

  /** Ends the load, once every request is answered. */
  async end(): Promise<Seen> {
    this.#stop.abort();
    await Promise.all(this.#running);
    return {
      lists: this.#lists,
      calls: this.#calls,
      failures: this.#failures,
      stale: this.#stale,
      longestPauseMs: this.#longestPauseMs,
    };
  }

  async #run(index: number): Promise<void> {
    for (let round = index; !this.#stop.signal.aborted; round++) {
      if (round % 3 === 0) await this.#call();
      else await this.#list();
    }
  }

  async #list(): Promise<void> {
    const askedMs = performance.now();
    const result = (await this.#ask(LIST, {})) as { readonly tools: readonly { readonly name: string }[] } | undefined;
    if (result === undefined) return;
    const nowMs = performance.now();
    this.#longestPauseMs = Math.max(this.#longestPauseMs, nowMs - this.#lastMs);
    this.#lastMs = nowMs;
    this.#lists++;
    const due = Math.max(0, ...this.#floors.filter(({ fromMs }) => fromMs < askedMs).map(({ version }) => version));
    for (const server of ['one', 'two']) {
      const version = versionOf(server, result.tools);
      if (version === undefined) this.#failures.push(`a list without the tools of ${server}`);
      else if (version < due) this.#stale.push(`version ${version} of ${server} where ${due} was due`);
    }
  }

  async #call(): Promise<void> {
    const result = await this.#ask('tools/call', { name: 'one__echo', arguments: {} });
    const text = (result as { readonly content?: readonly { readonly text: string }[] } | undefined)?.content?.[0]
      ?.text;
    if (result !== undefined && text !== 'called echo') this.#failures.push(`a call: ${JSON.stringify(result)}`);
    this.#calls++;
  }

  /** The result; undefined where there is none, which is written down. */
  async #ask(method: string, params: Readonly<Record<string, unknown>>): Promise<unknown> {
    try {
      const { status, text } = await post(this.#url, method, params);
      const answer = status === 200 ? (JSON.parse(text) as { readonly result?: unknown }) : {};
      if (answer.result !== undefined) return answer.result;
      this.#failures.push(`${method}: ${status} ${text.slice(0, 200)}`);
    } catch (error) {
      const { message, cause } = error as Error;
      this.#failures.push(`${method}: ${message}: ${(cause as Error | undefined)?.message}`);
    }
    return undefined;
  }
}

/** The version in the name of a server's second tool; undefined where it is not in the list. */
function versionOf(server: string, tools: readonly { readonly name: string }[]): number | undefined {
  const prefix = `${server}__version-`;
  const name = tools.map((tool) => tool.name).find((each) => each.startsWith(prefix));
  return name === undefined ? undefined : Number(name.slice(prefix.length));
}

async function post(url: string, method: string, params: Readonly<Record<string, unknown>>) {
  const _meta = {
    'io.modelcontextprotocol/protocolVersion': PROTOCOL,
    'io.modelcontextprotocol/clientInfo': { name: 'load', version: '1.0.0' },
    'io.modelcontextprotocol/clientCapabilities': {},
  };
  const response = await fetch(url, {
    method: 'POST',
    headers: {
      authorization: `Bearer ${KEY}`,
      'content-type': 'application/json',
      accept: 'application/json, text/event-stream',
      'mcp-protocol-version': PROTOCOL,
      'mcp-method': method,
      ...(typeof params['name'] === 'string' && { 'mcp-name': params['name'] }),
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { ...params, _meta } }),
  });
  return { status: response.status, text: await response.text() };
}
