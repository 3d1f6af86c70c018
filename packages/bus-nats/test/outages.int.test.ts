import { once } from 'node:events';
import type { AddressInfo, Socket } from 'node:net';
import { createServer } from 'node:net';
import type { ChaosProxy, RunningServer } from '@lockstep/testkit';
import { freePort, RecordingLogger, startNats, startProxy, waitFor } from '@lockstep/testkit';
import { afterEach, describe, expect, it } from 'vitest';
import type { ListeningBus } from './listening.ts';
import { listenTo, say } from './listening.ts';

const toClose: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) {
    await close();
  }
});

async function server(port?: number): Promise<RunningServer> {
  const started = await startNats(port === undefined ? {} : { port });
  toClose.push(() => started.stop());
  return started;
}

async function proxyTo(target: string): Promise<ChaosProxy> {
  const proxy = await startProxy({ target });
  toClose.push(() => proxy.close());
  return proxy;
}

function bus(options: Parameters<typeof listenTo>[0]): ListeningBus {
  const listening = listenTo(options);
  toClose.push(() => listening.bus.close());
  return listening;
}

async function connected(...buses: readonly ListeningBus[]): Promise<void> {
  await waitFor(() => buses.every((each) => each.bus.connected), { what: 'the buses to connect' });
}

describe('a NATS bus whose server comes back', () => {
  it('says interrupted once and restored once, and counts one reconnect', async () => {
    const nats = await server();
    const node = bus({ servers: nats.url });
    await connected(node);
    expect(node.states).toEqual([]);
    await nats.kill();
    await waitFor(() => !node.bus.connected, { what: 'the loss' });
    await nats.restart();
    await connected(node);
    expect(node.states.at(0)).toBe('the connection to the NATS server was lost');
    expect(node.states.filter((state) => state === 'restored')).toEqual(['restored']);
    expect(node.states.at(-1)).toBe('restored');
    expect(node.bus.stats.reconnects).toBe(1);
  });

  it('comes back every time, not only the first', async () => {
    const nats = await server();
    const proxy = await proxyTo(nats.url);
    const node = bus({ servers: proxy.url });
    await connected(node);
    for (let round = 1; round <= 5; round += 1) {
      proxy.reset();
      await waitFor(() => node.bus.connected && node.bus.stats.reconnects === round, { what: `reconnect ${round}` });
    }
    expect(node.states.filter((state) => state === 'restored')).toHaveLength(5);
  });
});

describe('a NATS bus whose server is not there yet', () => {
  it('is made, drops what is published, says why, and connects when the server starts', async () => {
    const port = await freePort();
    const logger = new RecordingLogger();
    const node = bus({ servers: `127.0.0.1:${port}`, logger });
    expect(node.bus.connected).toBe(false);
    say(node.bus, 'too early');
    expect(node.bus.stats).toEqual({ published: 0, dropped: 1, received: 0, reconnects: 0 });
    await waitFor(() => node.states.length > 0, { what: 'the reason' });
    expect(node.states).toEqual(['no connection to the NATS server: connection refused']);
    await server(port);
    await connected(node);
    expect(node.states).toEqual(['no connection to the NATS server: connection refused', 'restored']);
    expect(logger.entries.map(({ level, message }) => `${level}: ${message}`)).toEqual([
      'warn: the bus is interrupted',
      'info: the bus is connected',
    ]);
  });

  it('tells a listener that comes late of the outage', async () => {
    const logger = new RecordingLogger();
    const node = bus({ servers: `127.0.0.1:${await freePort()}`, logger });
    await waitFor(() => logger.entries.length > 0, { what: 'the outage' });
    const reasons: string[] = [];
    node.bus.listen({ message() {}, restored() {}, interrupted: (reason) => reasons.push(reason) });
    expect(reasons).toEqual(['no connection to the NATS server: connection refused']);
  });

  it('keeps at most one connection open to a server that accepts but never speaks', async () => {
    const accepted: Socket[] = [];
    const mute = createServer((socket) => accepted.push(socket.on('error', () => undefined)));
    mute.listen(0, '127.0.0.1');
    await once(mute, 'listening');
    toClose.push(async () => {
      mute.close();
    });
    const node = bus({ servers: `127.0.0.1:${(mute.address() as AddressInfo).port}`, connectTimeoutMs: 50 });
    await waitFor(() => accepted.length >= 5, { what: 'five attempts' });
    for (const socket of accepted) {
      socket.resume();
    }
    await waitFor(() => accepted.filter((socket) => !socket.destroyed).length <= 1, { what: 'the old ones to end' });
    expect(node.states).toEqual(['no NATS server completed the handshake in time']);
  });
});

describe('a NATS bus whose server stops answering', () => {
  it('is stale after three ping intervals, and connects again when the network is back', async () => {
    const proxy = await proxyTo((await server()).url);
    const node = bus({ servers: proxy.url, pingIntervalMs: 50, connectTimeoutMs: 100 });
    await connected(node);
    const before = performance.now();
    proxy.stall();
    await waitFor(() => !node.bus.connected, { what: 'the stale connection' });
    // Three intervals, and much for a busy machine; without pings it would be never.
    expect(performance.now() - before).toBeLessThan(5_000);
    expect(node.states[0]).toBe('the NATS server does not answer pings');
    proxy.restore();
    await connected(node);
    expect(node.states.at(-1)).toBe('restored');
  });

  it('is stale also with messages on their way that the server does not take', async () => {
    const nats = await server();
    const node = bus({
      servers: nats.url,
      pingIntervalMs: 50,
      connectTimeoutMs: 100,
      pendingBytesMax: 64 * 1024 * 1024,
    });
    await connected(node);
    nats.pause();
    for (let sent = 0; sent < 40; sent += 1) {
      node.bus.publish(new Uint8Array(1_000_000));
    }
    await waitFor(() => node.states.includes('the NATS server does not answer pings'), {
      what: 'the stale connection',
    });
    nats.resume();
    await connected(node);
  });

  it('drops and counts what is published beyond the bound, without waiting, and is restored when the server goes on', async () => {
    const nats = await server();
    const node = bus({ servers: nats.url, pingIntervalMs: 60_000, pendingBytesMax: 1_048_576 });
    const peer = bus({ servers: nats.url, pingIntervalMs: 60_000 });
    await connected(node, peer);
    nats.pause();
    const text = 'x'.repeat(10_000);
    for (let sent = 0; sent < 1_000; sent += 1) {
      say(node.bus, text);
    }
    const { published, dropped } = node.bus.stats;
    expect(published + dropped).toBe(1_000);
    expect(published * text.length).toBeLessThanOrEqual(1_048_576);
    expect(published).toBeGreaterThan(90);
    expect(node.bus.connected).toBe(false);
    expect(node.states).toEqual([expect.stringMatching(/^the NATS server takes no more messages: \d+ bytes are on/)]);
    nats.resume();
    await connected(node);
    expect(node.states.at(1)).toBe('restored');
    expect(node.bus.stats.reconnects).toBe(0);
    await waitFor(() => peer.messages.length === published, { what: 'what was published' });
    say(node.bus, 'after');
    await waitFor(() => peer.messages.at(-1) === 'after', { what: 'the next message' });
  });

  it('burst after burst within the bound passes whole, when the server has confirmed the one before', async () => {
    const nats = await server();
    const node = bus({ servers: nats.url, pendingBytesMax: 1_048_576 });
    const peer = bus({ servers: nats.url });
    await connected(node, peer);
    for (let round = 1; round <= 5; round += 1) {
      for (let sent = 0; sent < 90; sent += 1) {
        say(node.bus, 'x'.repeat(10_000));
      }
      await echo(node, peer);
      // The server's last confirmation comes before the answer to what was said after the one before it.
      await echo(node, peer);
    }
    expect(peer.messages.filter((message) => message.startsWith('x'))).toHaveLength(450);
    expect(node.bus.stats.dropped).toBe(0);
    expect(node.states).toEqual([]);
  });
});

/** One message there and one back. */
async function echo(one: ListeningBus, other: ListeningBus): Promise<void> {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    const text = `echo ${to.messages.length}`;
    say(from.bus, text);
    await waitFor(() => to.messages.at(-1) === text, { what: 'the echo' });
  }
}

describe('a NATS bus and what cannot be sent', () => {
  it('drops a message larger than the server takes, and stays connected', async () => {
    const nats = await server();
    const [node, peer] = [bus({ servers: nats.url }), bus({ servers: nats.url })];
    await connected(node, peer);
    node.bus.publish(new Uint8Array(2 * 1024 * 1024));
    say(node.bus, 'small');
    await waitFor(() => peer.messages.length === 1, { what: 'the small one' });
    expect(node.bus.stats).toMatchObject({ published: 1, dropped: 1 });
    expect(node.states).toEqual([]);
  });

  it('goes on after its listener threw', async () => {
    const nats = await server();
    const [node, peer] = [bus({ servers: nats.url }), bus({ servers: nats.url })];
    let calls = 0;
    peer.bus.listen({
      message: () => {
        calls += 1;
        throw new Error('a defect in the listener');
      },
      restored() {},
      interrupted() {},
    });
    await connected(node, peer);
    say(node.bus, 'one');
    say(node.bus, 'two');
    await waitFor(() => calls === 2, { what: 'both messages' });
    expect(peer.bus.connected).toBe(true);
  });
});
