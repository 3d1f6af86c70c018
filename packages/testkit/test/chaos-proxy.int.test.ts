import { once } from 'node:events';
import type { AddressInfo, Server, Socket } from 'node:net';
import { connect, createServer } from 'node:net';
import type { ChaosProxy } from '@lockstep/testkit';
import { startProxy, waitFor } from '@lockstep/testkit';
import { afterEach, beforeEach, expect, it } from 'vitest';

let echo: Server;
let proxy: ChaosProxy;
let clients: Socket[];

beforeEach(async () => {
  clients = [];
  echo = createServer((socket) => socket.on('error', () => undefined).pipe(socket));
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  proxy = await startProxy({ target: { host: '127.0.0.1', port: (echo.address() as AddressInfo).port } });
});

afterEach(async () => {
  for (const client of clients) {
    client.destroy();
  }
  await proxy.close();
  echo.close();
});

interface Client {
  readonly socket: Socket;
  received: string;
  isClosed: boolean;
}

async function open(through: ChaosProxy = proxy): Promise<Client> {
  const client = dial(through);
  await once(client.socket, 'connect');
  return client;
}

function dial(through: ChaosProxy): Client {
  const socket = connect({ host: through.host, port: through.port });
  clients.push(socket);
  const client: Client = { socket, received: '', isClosed: false };
  socket.on('data', (chunk) => {
    client.received += String(chunk);
  });
  socket.on('error', () => undefined);
  socket.on('close', () => {
    client.isClosed = true;
  });
  return client;
}

/** Round trips by the same road as the stalled bytes would take. */
async function roundTrips(count: number): Promise<void> {
  const witness = await startProxy({ target: { host: '127.0.0.1', port: (echo.address() as AddressInfo).port } });
  const client = await open(witness);
  for (let trip = 1; trip <= count; trip += 1) {
    client.socket.write('.');
    await waitFor(() => client.received.length === trip, { what: 'the echo' });
  }
  await witness.close();
}

it('forwards both ways, and the end of a connection', async () => {
  const client = await open();
  client.socket.write('hello');
  await waitFor(() => client.received === 'hello', { what: 'the echo' });
  expect(proxy.connections).toBe(1);
  client.socket.end(' and bye');
  await waitFor(() => client.isClosed, { what: 'the end' });
  expect(client.received).toBe('hello and bye');
  await waitFor(() => proxy.connections === 0, { what: 'the proxy to let go' });
});

it('cut breaks connections and new ones, restore serves again', async () => {
  const client = await open();
  proxy.cut();
  await waitFor(() => client.isClosed, { what: 'the break' });
  const refused = dial(proxy);
  await waitFor(() => refused.isClosed, { what: 'the refusal' });
  proxy.restore();
  const served = await open();
  served.socket.write('again');
  await waitFor(() => served.received === 'again', { what: 'the echo' });
});

it('reset breaks connections, new ones are served', async () => {
  const client = await open();
  await waitFor(() => proxy.connections === 1, { what: 'the connection' });
  proxy.reset();
  await waitFor(() => client.isClosed, { what: 'the break' });
  const served = await open();
  served.socket.write('again');
  await waitFor(() => served.received === 'again', { what: 'the echo' });
});

it.each(['up', 'down', 'both'] as const)(
  'a stall %s keeps connections and holds bytes until restore',
  async (direction) => {
    const client = await open();
    client.socket.write('1');
    await waitFor(() => client.received === '1', { what: 'the echo' });
    proxy.stall(direction);
    client.socket.write('2');
    const late = await open();
    late.socket.write('3');
    await roundTrips(3);
    expect({ received: client.received, late: late.received, isClosed: client.isClosed }).toEqual({
      received: '1',
      late: '',
      isClosed: false,
    });
    proxy.restore();
    await waitFor(() => client.received === '12' && late.received === '3', { what: 'what was stalled' });
  },
);

it('a delay holds every chunk for its time and keeps their order', async () => {
  const client = await open();
  proxy.delay(40);
  const before = performance.now();
  for (const chunk of ['a', 'b', 'c']) {
    client.socket.write(chunk);
  }
  await waitFor(() => client.received === 'abc', { what: 'the echo' });
  expect(performance.now() - before).toBeGreaterThan(75);
});

it('carries the scheme and path of a target’s URL over to its own', async () => {
  const other = await startProxy({ target: `redis://127.0.0.1:${proxy.port}/1` });
  expect(other.url).toBe(`redis://127.0.0.1:${other.port}/1`);
  await other.close();
});

it('a target that is away breaks the connection', async () => {
  echo.close();
  await once(echo, 'close');
  const client = await open();
  await waitFor(() => client.isClosed, { what: 'the break' });
});
