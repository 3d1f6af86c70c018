import { once } from 'node:events';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { ServerEntry } from './harness.ts';
import { scriptServer } from './harness.ts';

/** What a client asks, as far as these servers look at it. */
export interface Asked {
  readonly id: number | string;
  readonly method: string;
  readonly params?: { readonly cursor?: string };
}

/** How a hostile server answers `tools/list`, or a call: by whatever it likes. */
export type Answering = (response: ServerResponse, asked: Asked) => void | Promise<void>;

/** An MCP server over HTTP made of sockets and strings, which does the handshake properly, and then as a test says. */
export class HostileServer {
  readonly #answer: Answering;
  readonly #modern: boolean;
  #http: Server | undefined;
  /** How many requests of a list or a call it had. */
  asked = 0;

  constructor(answer: Answering, { modern = false }: { readonly modern?: boolean } = {}) {
    this.#answer = answer;
    this.#modern = modern;
  }

  async start(): Promise<this> {
    const http = createServer((request, response) => void this.#serve(request, response));
    this.#http = http;
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    return this;
  }

  async stop(): Promise<void> {
    this.#http?.closeAllConnections();
    await new Promise((resolve) => this.#http?.close(resolve));
  }

  entry(name: string): ServerEntry {
    const address = this.#http?.address() as AddressInfo | undefined;
    return { server_name: name, config: { url: `http://127.0.0.1:${address?.port}/mcp` } };
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    response.on('error', () => undefined);
    if (request.method !== 'POST') return void response.writeHead(405).end();
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const asked = JSON.parse(body) as Asked;
    const handshake = handshakeOf(asked.method, this.#modern);
    if (handshake !== undefined)
      return sendJson(response, JSON.stringify({ jsonrpc: '2.0', id: asked.id, ...handshake }));
    if (asked.id === undefined) return void response.writeHead(202).end();
    this.asked++;
    await this.#answer(response, asked);
  }
}

/** An MCP server over stdio whose answer to `tools/list` is written by `body`, a script that knows `asked` and `write`. */
export function hostileProcess(name: string, body: string): ServerEntry {
  return scriptServer(
    name,
    `import { createInterface } from 'node:readline';
     const write = (text) => process.stdout.write(text);
     const reply = (id, rest) => write(JSON.stringify({ jsonrpc: '2.0', id, ...rest }) + '\\n');
     createInterface({ input: process.stdin }).on('line', (line) => {
       const asked = JSON.parse(line);
       if (asked.method === 'initialize') return reply(asked.id, ${JSON.stringify(handshakeOf('initialize', false))});
       if (asked.id === undefined) return;
       ${body}
     });`,
  );
}

/** Sends text as the JSON answer. */
export function sendJson(response: ServerResponse, text: string): void {
  response.writeHead(200, { 'content-type': 'application/json' }).end(text);
}

/** Writes so many chunks, as fast as they are taken, or until the client has gone; answers how many it wrote. */
export async function flood(
  response: ServerResponse,
  chunk: string,
  times: number = Number.POSITIVE_INFINITY,
): Promise<number> {
  const gone = once(response, 'close');
  let written = 0;
  for (; written < times && !response.destroyed; written++) {
    if (!response.write(chunk)) await Promise.race([once(response, 'drain'), gone]);
  }
  return written;
}

/** An answer to `asked` with this result; `json` is JSON text, so that it may be any. */
export function resultOf({ id }: Asked, json: string): string {
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${json}}`;
}

function handshakeOf(method: string, modern: boolean): object | undefined {
  const capabilities = { tools: {} };
  const serverInfo = { name: 'hostile', version: '1.0.0' };
  if (method === 'initialize') return { result: { protocolVersion: '2025-11-25', capabilities, serverInfo } };
  if (method !== 'server/discover') return undefined;
  if (!modern) return { error: { code: -32601, message: 'Method not found' } };
  const result = {
    resultType: 'complete',
    supportedVersions: ['2026-07-28'],
    capabilities,
    ttlMs: 0,
    cacheScope: 'private',
  };
  return { result: { ...result, serverInfo } };
}
