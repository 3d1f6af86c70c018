import type { Socket } from 'node:net';
import { connect } from 'node:net';
import { waitFor } from '@lockstep/testkit';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HttpPort } from '../src/http-port.ts';
import { adminOf, adminText, adminUrl, refusal } from './admin-harness.ts';
import { startTestNode } from './harness.ts';

const REQUESTS_MAX = 2;
const GET = (path: string): string => `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`;

let port: HttpPort;
let url: string;
/** Answers the requests for /held. */
let release: (text: string) => void;
let held: number;
let clients: RawClient[];

interface RawClient {
  readonly socket: Socket;
  readonly received: () => string;
  readonly isClosed: () => boolean;
}

beforeEach(async () => {
  const { promise: released, resolve } = Promise.withResolvers<string>();
  [release, held, clients] = [resolve, 0, []];
  port = new HttpPort({
    requestsMax: REQUESTS_MAX,
    probes: ['/healthz'],
    busy: { error: 'busy' },
    fetch: async ({ url: asked }) => {
      if (asked.endsWith('/held')) {
        held++;
        return new Response(await released);
      }
      return asked.endsWith('/streamed') ? new Response(streamed(released)) : new Response('done');
    },
  });
  url = await port.listen(0, '127.0.0.1');
});

afterEach(() => {
  for (const { socket } of clients) socket.destroy();
  port.close();
});

/** A body whose head is sent at once, and that ends with a text to come. */
function streamed(end: Promise<string>): ReadableStream {
  return new ReadableStream({
    async start(controller) {
      controller.enqueue(new TextEncoder().encode('begun '));
      controller.enqueue(new TextEncoder().encode(await end));
      controller.close();
    },
  });
}

/** A connection on which nothing is sent but this. */
async function open(sent = '', at: string = url): Promise<RawClient> {
  const socket = connect({ host: '127.0.0.1', port: Number(new URL(at).port) });
  let [received, isClosed] = ['', false];
  socket.on('data', (chunk) => {
    received += chunk.toString();
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    isClosed = true;
  });
  const client = { socket, received: () => received, isClosed: () => isClosed };
  clients.push(client);
  await waitFor(() => !socket.connecting, { what: 'a connection' });
  if (sent !== '') socket.write(sent);
  return client;
}

const answers = (client: RawClient, text: string) => waitFor(() => client.received().includes(text), { what: text });

describe('a port', () => {
  it('answers the next client however many connections are open on which nothing was asked', async () => {
    const first = await open(GET('/held'));
    await waitFor(() => held === 1, { what: 'the request' });
    const idle: RawClient[] = [];
    for (let index = 0; index < 150; index++) idle.push(await open(index % 2 === 0 ? '' : 'GET /slow HT'));
    expect(await (await fetch(url)).text()).toBe('done');
    // Those that were open for the longest made room, and none of them had a request under way.
    await waitFor(() => idle[0]?.isClosed() === true, { what: 'the oldest to be closed' });
    expect(idle.at(-1)?.isClosed()).toBe(false);
    expect(idle.filter(({ isClosed }) => !isClosed()).length).toBeLessThan(REQUESTS_MAX + 64);
    release('held no more');
    await answers(first, 'held no more');
  });

  it('tells those beyond what it takes to come again, and answers probes all the same', async () => {
    const under = [await open(GET('/held')), await open(GET('/held'))];
    await waitFor(() => held === 2, { what: 'two requests' });
    const refused = await fetch(url);
    const told = ['retry-after', 'connection'].map((name) => refused.headers.get(name));
    expect([refused.status, await refused.json(), told]).toEqual([503, { error: 'busy' }, ['1', 'close']]);
    expect((await fetch(`${url}/healthz`)).status).toBe(200);
    release('held no more');
    await Promise.all(under.map((client) => answers(client, 'held no more')));
    expect((await fetch(url)).status).toBe(200);
  });

  it('answers a check of HTTP/1.0 that names no host', async () => {
    await answers(await open('GET /healthz HTTP/1.0\r\n\r\n'), '200 OK');
  });

  it('says once it leaves, also to requests under way, that each answer is the last one of its connection', async () => {
    const [kept, waiting] = [await open(GET('/')), await open(GET('/held'))];
    await answers(kept, 'done');
    await waitFor(() => held === 1, { what: 'the request' });
    expect(kept.received()).toContain('Connection: keep-alive');
    port.leave();
    kept.socket.write(GET('/'));
    release('held no more');
    await Promise.all([answers(kept, 'Connection: close'), answers(waiting, 'Connection: close')]);
    expect((await fetch(url)).status).toBe(200);
  });

  it('answers one more request on a connection whose answer began before the port was closed', async () => {
    const client = await open(GET('/streamed'));
    await answers(client, 'begun');
    const drained = port.drain();
    await waitFor(
      () =>
        fetch(url).then(
          () => false,
          () => true,
        ),
      { what: 'no more connections' },
    );
    release('ended');
    await answers(client, 'ended');
    client.socket.write(GET('/'));
    await answers(client, 'done');
    expect(client.received()).toContain('Connection: close');
    await drained;
  });

  it('answers a request that came right behind another one, though the port was closed meanwhile for longer than a second', async () => {
    const client = await open(GET('/') + GET('/held'));
    await answers(client, 'done');
    await waitFor(() => held === 1, { what: 'the second request' });
    const silent = await open();
    const drained = port.drain();
    await waitFor(silent.isClosed, { what: 'what asks for nothing to be closed' });
    release('held no more');
    await answers(client, 'held no more');
    await drained;
  });

  it('is drained though a client has connected, and asks for nothing', async () => {
    const silent = await open();
    await port.drain();
    await waitFor(silent.isClosed, { what: 'its connection to be closed' });
  });
});

describe('the admin API', () => {
  it('answers who has a token, however many connections are open on which nobody asks', async () => {
    const node = await startTestNode(adminText([]));
    await Promise.all(Array.from({ length: 700 }, () => open('', adminUrl(node))));
    expect(await adminOf(node, 'viewer').status()).toMatchObject({ cache_type: 'local' });
    await node.close();
  });

  it('lets eight readers of one token hear events, and others beside them', async () => {
    const node = await startTestNode(adminText([]));
    const readers = Array.from({ length: 8 }, () => adminOf(node, 'viewer').events());
    for (const reader of readers) expect(await reader.next()).toMatchObject({ value: { type: 'coherence' } });
    const ninth = await refusal(adminOf(node, 'viewer').events().next());
    expect(ninth).toMatchObject({ code: 'busy', retryAfterSeconds: 5 });
    const other = adminOf(node, 'operator').events();
    expect(await other.next()).toMatchObject({ value: { type: 'coherence' } });
    await readers[0]?.return(undefined);
    const again = () =>
      adminOf(node, 'viewer')
        .events()
        .next()
        .then(
          () => true,
          () => false,
        );
    await waitFor(again, { what: 'a place that was given back' });
    await node.close();
  });
});
