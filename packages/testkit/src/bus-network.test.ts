import { describe, expect, it } from 'vitest';
import { busContract } from './bus-contract.ts';
import type { MemoryBus } from './bus-network.ts';
import { createBusNetwork } from './bus-network.ts';

busContract(async () => {
  const network = createBusNetwork();
  const buses: MemoryBus[] = [];
  return {
    join: () => {
      const bus = network.join();
      buses.push(bus);
      return bus;
    },
    interrupt: async () => {
      for (const bus of buses) {
        network.disconnect(bus);
      }
    },
    restore: async () => {
      for (const bus of buses) {
        network.reconnect(bus);
      }
    },
    close: async () => undefined,
  };
});

describe('a bus in memory', () => {
  function listening(bus: MemoryBus): number[] {
    const heard: number[] = [];
    bus.listen({ message: ([first = -1]) => heard.push(first), restored() {}, interrupted() {} });
    return heard;
  }

  function send(bus: MemoryBus, ...numbers: readonly number[]): void {
    for (const number of numbers) {
      bus.publish(new Uint8Array([number]));
    }
  }

  it('loses, doubles and delivers as the test decides', async () => {
    const network = createBusNetwork();
    const sender = network.join();
    const heard = listening(network.join());
    network.decide(({ bytes: [first] }) => (first === 1 ? 'drop' : first === 2 ? 'duplicate' : 'deliver'));
    send(sender, 1, 2, 3);
    await network.quiet();
    expect(heard).toEqual([2, 2, 3]);
  });

  it.each([
    { order: 'sent', heard: [3, 1, 2] },
    { order: 'reversed', heard: [3, 2, 1] },
  ] as const)('holds messages and releases them in the order $order', async (run) => {
    const network = createBusNetwork();
    const sender = network.join();
    const heard = listening(network.join());
    network.decide(() => 'hold');
    send(sender, 1, 2);
    network.decide(() => 'deliver');
    send(sender, 3);
    await network.quiet();
    expect(heard).toEqual([3]);
    expect(network.held).toBe(2);
    network.release(run.order);
    await network.quiet();
    expect(heard).toEqual(run.heard);
    expect(network.held).toBe(0);
  });

  it('a partition loses messages between its groups, and tells nobody', async () => {
    const network = createBusNetwork();
    const [one, other, bystander] = [network.join(), network.join(), network.join()];
    const [oneHeard, otherHeard, bystanderHeard] = [listening(one), listening(other), listening(bystander)];
    network.partition([one], [other]);
    send(one, 1);
    send(bystander, 2);
    await network.quiet();
    network.heal();
    send(other, 3);
    await network.quiet();
    expect({ oneHeard, otherHeard, bystanderHeard }).toEqual({
      oneHeard: [2, 3],
      otherHeard: [2],
      bystanderHeard: [1, 3],
    });
    expect([one.connected, other.connected]).toEqual([true, true]);
  });

  it('a message that the publisher changes afterwards arrives as it was sent', async () => {
    const network = createBusNetwork();
    const sender = network.join();
    const heard = listening(network.join());
    const message = new Uint8Array([1]);
    sender.publish(message);
    message[0] = 9;
    await network.quiet();
    expect(heard).toEqual([1]);
  });
});
