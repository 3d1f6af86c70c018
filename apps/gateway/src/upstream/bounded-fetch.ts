import type { FetchLike } from '@modelcontextprotocol/client';
import { currentExchange } from './exchange.ts';
import { UpstreamError } from './upstream-error.ts';

/** What bounds a server's answers. */
export interface BoundedFetchOptions {
  /** The name of the server, for messages. */
  readonly server: string;
  /** The most bytes of one answer, decompressed; of a stream that is kept open, of one event in it. */
  readonly bytesMax: number;
  /** What fetches. */
  readonly inner: FetchLike;
}

/** A fetch that reads no more of an answer than it may: one that turns out to be larger is broken off, and its request refused. */
export function boundedFetch({ server, bytesMax, inner }: BoundedFetchOptions): FetchLike {
  return async (url, init) => {
    const response = await inner(url, init);
    const { body, status, statusText, headers } = response;
    if (body === null || status < 200) return response;
    const exchange = currentExchange();
    const tooLarge = (): UpstreamError => {
      const error = new UpstreamError('unusable', `${server} sent an answer of more than ${bytesMax} bytes`);
      exchange?.refuse(error);
      return error;
    };
    if (Number(headers.get('content-length')) > bytesMax) {
      await body.cancel();
      throw tooLarge();
    }
    const count = isKeptOpen(init) ? countEvents() : countAll();
    const bounded = body.pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform(chunk, controller) {
          if (count(chunk) > bytesMax) controller.error(tooLarge());
          else controller.enqueue(chunk);
        },
      }),
    );
    return new Response(bounded, { status, statusText, headers });
  };
}

/** Whether what answers is a stream of events that belongs to no request of ours, and may last. */
function isKeptOpen(init: RequestInit | undefined): boolean {
  return init?.method === 'GET' || new Headers(init?.headers).get('mcp-method') === 'subscriptions/listen';
}

function countAll(): (chunk: Uint8Array) => number {
  let bytes = 0;
  return (chunk) => {
    bytes += chunk.byteLength;
    return bytes;
  };
}

/** Counts from the last empty line on: there an event ends. Lines end with CR, LF, or both. */
function countEvents(): (chunk: Uint8Array) => number {
  const [LF, CR] = [10, 13];
  let bytes = 0;
  let lineIsEmpty = false;
  return (chunk) => {
    for (const byte of chunk) {
      bytes++;
      if (byte === CR) continue;
      if (byte === LF && lineIsEmpty) bytes = 0;
      lineIsEmpty = byte === LF;
    }
    return bytes;
  };
}
