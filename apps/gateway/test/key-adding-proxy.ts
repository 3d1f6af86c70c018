import type { Server } from 'node:http';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import { KEY } from './harness.ts';

/**
 * Stands before a node for a client that can neither present a key nor know how the gateway names tools: adds the key,
 * and takes `prefix` off and puts it before the names of tools.
 */
export class KeyAddingProxy {
  readonly #target: URL;
  readonly #prefix: string;
  #http: Server | undefined;

  constructor(target: string, prefix: string) {
    this.#target = new URL(target);
    this.#prefix = prefix;
  }

  /** Starts; answers the address that stands for the node's. */
  async start(): Promise<string> {
    const { hostname, port, pathname } = this.#target;
    const http = createServer(async (asked, answer) => {
      let body = '';
      for await (const chunk of asked) body += String(chunk);
      const sent = body.replaceAll(/"name":"((test|json_schema)_)/g, `"name":"${this.#prefix}$1`);
      const { 'content-length': _length, ...headers } = asked.headers;
      const options = { hostname, port, path: asked.url, method: asked.method };
      const forwarded = request({ ...options, headers: { ...headers, authorization: `Bearer ${KEY}` } }, (got) => {
        const { 'content-length': _total, ...shown } = got.headers;
        answer.writeHead(got.statusCode ?? 502, shown);
        got.setEncoding('utf8');
        got.on('data', (text: string) => answer.write(text.replaceAll(`"name":"${this.#prefix}`, '"name":"')));
        got.on('end', () => answer.end());
        got.on('error', () => answer.destroy());
      });
      forwarded.on('error', () => answer.destroy());
      answer.on('close', () => forwarded.destroy());
      forwarded.end(sent);
    });
    this.#http = http;
    await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve));
    return `http://127.0.0.1:${(http.address() as AddressInfo).port}${pathname}`;
  }

  async stop(): Promise<void> {
    this.#http?.closeAllConnections();
    await new Promise((resolve) => this.#http?.close(resolve));
  }
}
