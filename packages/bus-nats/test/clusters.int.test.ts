import type { RunningServer } from '@lockstep/testkit';
import { freePort, startNats, waitFor } from '@lockstep/testkit';
import { afterEach, expect, it } from 'vitest';
import type { ListeningBus } from './listening.ts';
import { listenTo, say } from './listening.ts';

const toClose: (() => Promise<void>)[] = [];

afterEach(async () => {
  for (const close of toClose.splice(0).reverse()) {
    await close();
  }
});

async function server(args: readonly string[] = []): Promise<RunningServer> {
  const started = await startNats({ args });
  toClose.push(() => started.stop());
  return started;
}

async function bus(options: Parameters<typeof listenTo>[0]): Promise<ListeningBus> {
  const listening = listenTo(options);
  toClose.push(() => listening.bus.close());
  await waitFor(() => listening.bus.connected, { what: 'the connection' });
  return listening;
}

it('a node hears its own cluster under its own prefix, and no other', async () => {
  const { url } = await server();
  const sender = await bus({ servers: url, cluster: 'one' });
  const same = await bus({ servers: url, cluster: 'one' });
  const otherCluster = await bus({ servers: url, cluster: 'two' });
  const otherPrefix = await bus({ servers: url, cluster: 'one', prefix: 'other' });
  for (const node of [otherCluster, otherPrefix, sender]) {
    say(node.bus, 'hello');
  }
  await waitFor(() => same.messages.length === 1, { what: 'the message' });
  // One more, after which anything wrongly delivered before would have arrived.
  say(sender.bus, 'last');
  await waitFor(() => same.messages.length === 2, { what: 'the last message' });
  expect([sender, same, otherCluster, otherPrefix].map((node) => node.messages)).toEqual([
    [],
    ['hello', 'last'],
    [],
    [],
  ]);
  expect(same.bus.stats).toEqual({ published: 0, dropped: 0, received: 2, reconnects: 0 });
});

it('nodes on two servers of one NATS cluster hear each other, and move to the other server when theirs dies', async () => {
  const [portOne, portTwo] = [await freePort(), await freePort()];
  const args = (own: number, other: number): string[] => [
    ...['--cluster_name', 'c', '--cluster', `nats://127.0.0.1:${own}`, '--routes', `nats://127.0.0.1:${other}`],
  ];
  const one = await server(args(portOne, portTwo));
  const two = await server(args(portTwo, portOne));
  const [sender, receiver] = [await bus({ servers: one.url }), await bus({ servers: two.url })];
  await waitFor(
    () => {
      say(sender.bus, 'route');
      return receiver.messages.length > 0;
    },
    { what: 'the route between the servers' },
  );
  await one.kill();
  await waitFor(() => sender.bus.stats.reconnects === 1 && sender.bus.connected, { what: 'the move' });
  say(sender.bus, 'moved');
  await waitFor(() => receiver.messages.includes('moved'), { what: 'the message' });
});
