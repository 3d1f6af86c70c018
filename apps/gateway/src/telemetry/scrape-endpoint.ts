import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { diag } from '@opentelemetry/api';
import { MetricReader } from '@opentelemetry/sdk-metrics';
import { CONTENT_TYPE, prometheusText } from './prometheus-text.ts';

const PATH = '/metrics';
const CONNECTIONS_MAX = 64;
const COLLECT_MS_MAX = 10_000;
/** Connections that ask for nothing make room after a few seconds: so many of them would keep Prometheus out. */
const TIMES = { headersTimeout: 3_000, requestTimeout: 5_000, connectionsCheckingInterval: 1_000 };

/** The address to fetch metrics from cannot be listened on. */
class ScrapeAddressError extends Error {
  constructor(address: string, cause: NodeJS.ErrnoException) {
    const why = cause.code === 'EADDRINUSE' ? 'is taken by another process' : `cannot be listened on (${cause.code})`;
    const set = 'set OTEL_EXPORTER_PROMETHEUS_PORT, or OTEL_EXPORTER_PROMETHEUS_HOST, to one that is free';
    super(`the address for metrics, ${address}, ${why}: ${set}`, { cause });
    this.name = 'ScrapeAddressError';
  }
}

/** Metrics for Prometheus to fetch, over HTTP. */
export class ScrapeEndpoint extends MetricReader {
  readonly #server: Server;

  constructor() {
    super();
    this.#server = createServer(TIMES, (request, response) => this.#answer(request, response)).unref();
    this.#server.maxConnections = CONNECTIONS_MAX;
  }

  /** Listens, and answers the URL; rejects with a `ScrapeAddressError`. */
  async listen(host: string, port: number): Promise<string> {
    const named = host.includes(':') ? `[${host}]` : host;
    await new Promise<void>((resolve, reject) => {
      const refused = (cause: Error): void => reject(new ScrapeAddressError(`${named}:${port}`, cause));
      this.#server.once('error', refused);
      this.#server.listen({ host, port }, () => {
        this.#server.off('error', refused);
        this.#server.on('error', (error) => diag.error(`the endpoint for metrics: ${error.message}`));
        resolve();
      });
    });
    return `http://${named}:${(this.#server.address() as AddressInfo).port}${PATH}`;
  }

  protected override async onForceFlush(): Promise<void> {
    // Whoever wants metrics fetches them.
  }

  protected override async onShutdown(): Promise<void> {
    const closed = new Promise<void>((resolve) => this.#server.close(() => resolve()));
    this.#server.closeAllConnections();
    await closed;
  }

  #answer(request: IncomingMessage, response: ServerResponse): void {
    const [path] = (request.url ?? '').split('?');
    if (path !== PATH) return void response.writeHead(404).end(`not found: try ${PATH}\n`);
    if (request.method !== 'GET' && request.method !== 'HEAD')
      return void response.writeHead(405, { allow: 'GET' }).end();
    this.collect({ timeoutMillis: COLLECT_MS_MAX }).then(
      ({ resourceMetrics, errors }) => {
        for (const error of errors) diag.error(`metrics could not be read: ${String(error)}`);
        response.writeHead(200, { 'content-type': CONTENT_TYPE }).end(prometheusText(resourceMetrics));
      },
      (error: unknown) => {
        diag.error(`metrics could not be read: ${String(error)}`);
        response.writeHead(500).end('metrics could not be read; the log says why\n');
      },
    );
  }
}
