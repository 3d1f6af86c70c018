import type { IncomingMessage, RequestListener, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import type { AdminClientOptions } from '../src/index.ts';
import { AdminClient } from '../src/index.ts';

export const TOKEN = 'a-token-of-these-tests';

/** What a server has been asked for. */
export interface Asked {
  readonly line: string;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A client of a real HTTP server that answers as a test says; both end with the test. */
export interface Answering {
  readonly client: AdminClient;
  readonly url: string;
  readonly asked: Asked[];
  /** Resolves once the client has left the newest request. */
  readonly left: Promise<void>;
}

export async function answering(
  answer: (response: ServerResponse, asked: Asked) => void,
  options: Partial<AdminClientOptions> = {},
): Promise<Answering> {
  const asked: Asked[] = [];
  const { promise: left, resolve } = Promise.withResolvers<void>();
  const listener: RequestListener = (request, response) => {
    let body = '';
    response.once('close', resolve);
    request.on('data', (part) => (body += String(part)));
    request.on('end', () => {
      const { method, url, headers } = request;
      asked.push({ line: `${method} ${url}`, headers, body });
      answer(response, asked.at(-1) as Asked);
    });
  };
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return { client: new AdminClient({ url, token: TOKEN, ...options }), url, asked, left };
}

/** Answers with JSON. */
export function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
}
