import type { IncomingMessage, ServerResponse } from 'node:http';
import { createServer } from 'node:http';
import type { ServerHttp2Stream } from 'node:http2';
import { createServer as createHttp2Server } from 'node:http2';
import type { AddressInfo, Server, Socket } from 'node:net';
import { gunzipSync } from 'node:zlib';
import type { ReceivedSpan } from './otlp-wire.ts';
import { metricNamesOfProtobuf, spansOfJson, spansOfProtobuf } from './otlp-wire.ts';
import { waitFor } from './wait-for.ts';

const METRICS = /metrics/i;
/** Of a message of gRPC: a byte that says whether it is compressed, and its length. */
const GRPC_PREFIX_BYTES = 5;

/** How a receiver answers: with this HTTP status, or never. */
export type ReceiverAnswer = number | 'never';

/** What was sent to a receiver: where to, what headers, and the bytes of its body, decompressed. */
export interface ReceivedRequest {
  readonly path: string;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: Buffer;
}

/** A collector of OTLP over HTTP (protobuf and JSON) and gRPC, in this process, whose faults a test decides. */
export class OtlpReceiver {
  readonly #http: Server;
  readonly #grpc: Server;
  readonly #sockets: Set<Socket> = new Set();
  #underWay = 0;
  /** How it answers; may be changed while it runs. */
  answer: ReceiverAnswer = 200;
  /** Everything that it was sent, also what it refused. */
  readonly requests: ReceivedRequest[] = [];
  /** How many requests were under way at once, at most. */
  underWayMost = 0;
  /** The spans that it took. */
  readonly spans: ReceivedSpan[] = [];
  /** The names of the metrics that it took; of JSON none. */
  readonly metricNames: Set<string> = new Set();

  private constructor() {
    this.#http = createServer((request, response) => void this.#overHttp(request, response));
    const grpc = createHttp2Server();
    grpc.on('stream', (stream, headers) => void this.#overGrpc(stream, headers));
    this.#grpc = grpc;
    for (const server of [this.#http, this.#grpc]) {
      server.on('connection', (socket: Socket) => {
        this.#sockets.add(socket);
        socket.once('close', () => this.#sockets.delete(socket));
      });
    }
  }

  static async start(): Promise<OtlpReceiver> {
    const receiver = new OtlpReceiver();
    for (const server of [receiver.#http, receiver.#grpc]) {
      await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    }
    return receiver;
  }

  /** Where it takes OTLP over HTTP. */
  get url(): string {
    return `http://127.0.0.1:${(this.#http.address() as AddressInfo).port}`;
  }

  /** Where it takes OTLP over gRPC. */
  get grpcUrl(): string {
    return `http://127.0.0.1:${(this.#grpc.address() as AddressInfo).port}`;
  }

  /** Waits for a span that is like this. */
  span(isIt: (span: ReceivedSpan) => boolean, what: string): Promise<ReceivedSpan> {
    return waitFor(() => this.spans.find(isIt), { what: `the span of ${what}`, timeoutMs: 20_000 });
  }

  async stop(): Promise<void> {
    const ended = [this.#http, this.#grpc].map(
      (server) => new Promise<void>((resolve) => server.close(() => resolve())),
    );
    for (const socket of this.#sockets) socket.destroy();
    await Promise.all(ended);
  }

  async #overHttp(request: IncomingMessage, response: ServerResponse): Promise<void> {
    this.#count(response);
    const { url: path = '', headers } = request;
    const raw = await bodyOf(request);
    const body = headers['content-encoding'] === 'gzip' ? gunzipSync(raw) : raw;
    this.requests.push({ path, headers, body });
    if (this.answer === 'never') return;
    const isJson = headers['content-type'] === 'application/json';
    if (this.answer < 300) this.#take(path, body, isJson);
    const type = isJson ? 'application/json' : 'application/x-protobuf';
    response.writeHead(this.answer, { 'content-type': type }).end(isJson ? '{}' : '');
  }

  async #overGrpc(stream: ServerHttp2Stream, headers: Readonly<Record<string, unknown>>): Promise<void> {
    this.#count(stream);
    // A client that has given up resets its stream.
    stream.on('error', () => undefined);
    const path = String(headers[':path']);
    const raw = await bodyOf(stream).catch(() => Buffer.alloc(0));
    const message = raw.subarray(GRPC_PREFIX_BYTES);
    const body = raw[0] === 1 ? gunzipSync(message) : message;
    this.requests.push({ path, headers, body });
    if (this.answer === 'never' || stream.destroyed) return;
    const isTaken = this.answer < 300;
    if (isTaken) this.#take(path, body, false);
    stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: true });
    // 14: unavailable.
    stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': isTaken ? '0' : '14' }));
    stream.end(isTaken ? Buffer.alloc(GRPC_PREFIX_BYTES) : undefined);
  }

  #count(answer: ServerResponse | ServerHttp2Stream): void {
    this.underWayMost = Math.max(this.underWayMost, ++this.#underWay);
    answer.once('close', () => this.#underWay--);
  }

  #take(path: string, body: Buffer, isJson: boolean): void {
    if (!METRICS.test(path)) this.spans.push(...(isJson ? spansOfJson(body.toString()) : spansOfProtobuf(body)));
    else if (!isJson) for (const name of metricNamesOfProtobuf(body)) this.metricNames.add(name);
  }
}

async function bodyOf(stream: AsyncIterable<unknown>): Promise<Buffer> {
  const parts: Buffer[] = [];
  for await (const part of stream) parts.push(part as Buffer);
  return Buffer.concat(parts);
}
