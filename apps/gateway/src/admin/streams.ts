import type { WarmProgress } from '@lockstep/admin-api';
import { stream, streamSSE } from 'hono/streaming';
import type { AdminCaches } from './caches.ts';
import type { EventHub } from './event-hub.ts';
import type { Admitted } from './request.ts';
import { serversToWarm, warm } from './upkeep.ts';

/** A stream on which nothing happens says that it is alive so often. */
const QUIET_MS = 15_000;

/** `GET /events` as server-sent events. Ends when the client leaves, or the node does. */
export function eventStream(hub: EventHub, { context, token }: Admitted<'events'>): Response {
  // Nobody reads what answers a HEAD, and nothing would tell of its end: it takes no place among the readers.
  if (context.req.method === 'HEAD') return context.body(null, 200, { 'Content-Type': 'text/event-stream' });
  const feed = hub.open(token.name);
  const response = streamSSE(context, async (out) => {
    out.onAbort(() => hub.close(feed));
    try {
      for (let id = 1; ; id++) {
        const event = await feed.next(QUIET_MS);
        if (event === undefined) return;
        if (event === 'quiet') await out.write(': quiet\n\n');
        else await out.writeSSE({ event: event.type, id: String(id), data: JSON.stringify(event) });
      }
    } finally {
      hub.close(feed);
    }
  });
  // It ends with its connection: a node that leaves waits for no client to let go of it.
  response.headers.set('Connection', 'close');
  return response;
}

/** `POST /warm`, one document a line. Who leaves ends it: servers that are being asked are waited for. */
export function warmStream(caches: AdminCaches, { context, token, body }: Admitted<'warm'>, end: () => void): Response {
  let servers: ReturnType<typeof serversToWarm>;
  try {
    servers = serversToWarm(caches, token, body);
  } catch (error) {
    end();
    throw error;
  }
  context.header('Content-Type', 'application/x-ndjson');
  return stream(context, async (out) => {
    const left = new AbortController();
    out.onAbort(() => left.abort());
    const tell = async (progress: WarmProgress): Promise<void> => {
      await out.write(`${JSON.stringify(progress)}\n`);
    };
    await warm(caches, servers, { tell, signal: left.signal }).finally(end);
  });
}
