import type { Bus } from '@lockstep/core';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { settle } from './fake-clock.ts';
import { waitFor } from './wait-for.ts';

/** What the contract suite needs of one kind of bus; made anew for every test. */
export interface BusContractWorld {
  /** A new node's bus, of the same cluster each time. It may still be connecting. */
  join(): Bus;
  /** Takes the bus away from all nodes, in a way that they notice. */
  interrupt(): Promise<void>;
  /** Gives it back. */
  restore(): Promise<void>;
  /** Ends the world; every bus of it was closed before. */
  close(): Promise<void>;
}

/** What one node heard. */
interface Heard {
  readonly messages: Uint8Array[];
  readonly states: string[];
  readonly reasons: string[];
}

/** Declares the tests that every `Bus` passes, the real one and the fake. */
export function busContract(open: () => Promise<BusContractWorld>): void {
  describe('the bus contract', () => {
    let world: BusContractWorld;
    let buses: Bus[];

    beforeEach(async () => {
      world = await open();
      buses = [];
    });

    afterEach(async () => {
      await Promise.all(buses.map((bus) => bus.close()));
      await world.close();
    });

    async function join(): Promise<{ bus: Bus; heard: Heard }> {
      const bus = world.join();
      buses.push(bus);
      const heard: Heard = { messages: [], states: [], reasons: [] };
      bus.listen({
        message: (bytes) => heard.messages.push(bytes),
        restored: () => heard.states.push('restored'),
        interrupted: (reason) => {
          heard.states.push('interrupted');
          heard.reasons.push(reason);
        },
      });
      await waitFor(() => bus.connected, { what: 'the bus to connect' });
      return { bus, heard };
    }

    carriesMessages(join);
    survivesOutages(join, () => world);
    closes(join, () => world);
  });
}

type Join = () => Promise<{ bus: Bus; heard: Heard }>;

function carriesMessages(join: Join): void {
  it('a message reaches every other node once, byte for byte', async () => {
    const [sender, one, other] = [await join(), await join(), await join()];
    const message = Uint8Array.from({ length: 256 }, (_, index) => index);
    sender.bus.publish(message);
    for (const receiver of [one, other]) {
      await waitFor(() => receiver.heard.messages.length > 0, { what: 'the message' });
    }
    await roundTrip(sender, one);
    expect(one.heard.messages).toEqual([message]);
    expect(other.heard.messages.slice(0, 1)).toEqual([message]);
  });

  it('messages of one byte and of half a megabyte arrive whole', async () => {
    const [sender, receiver] = [await join(), await join()];
    const messages = [
      new Uint8Array([0]),
      new Uint8Array(512 * 1024).fill(0xff),
      new TextEncoder().encode('\r\nMSG x'),
    ];
    for (const message of messages) {
      sender.bus.publish(message);
    }
    await waitFor(() => receiver.heard.messages.length === messages.length, { what: 'all messages' });
    expect(receiver.heard.messages.map(hex).sort()).toEqual(messages.map(hex).sort());
  });

  it('a thousand messages of one turn arrive, none of them twice', async () => {
    const [sender, receiver] = [await join(), await join()];
    const sent = Array.from({ length: 1_000 }, (_, index) => new TextEncoder().encode(`message ${index}`));
    for (const message of sent) {
      sender.bus.publish(message);
    }
    await waitFor(() => receiver.heard.messages.length >= sent.length, { what: 'all messages' });
    await roundTrip(sender, receiver);
    expect(receiver.heard.messages.map(hex).sort()).toEqual(sent.map(hex).sort());
  });

  it('nothing arrives within the turn that publishes', async () => {
    const [sender, receiver] = [await join(), await join()];
    sender.bus.publish(new Uint8Array([1]));
    expect(receiver.heard.messages).toEqual([]);
    await waitFor(() => receiver.heard.messages.length === 1, { what: 'the message' });
  });
}

function survivesOutages(join: Join, world: () => BusContractWorld): void {
  it('an outage is said with a reason, its end once, and messages flow again', async () => {
    const [sender, receiver] = [await join(), await join()];
    expect([...sender.heard.states, ...receiver.heard.states]).toEqual([]);
    await world().interrupt();
    await waitFor(() => !sender.bus.connected && !receiver.bus.connected, { what: 'both nodes to notice' });
    expect(receiver.heard.states[0]).toBe('interrupted');
    expect(receiver.heard.reasons[0]).toMatch(/\w/);
    await world().restore();
    await waitFor(() => sender.bus.connected && receiver.bus.connected, { what: 'both nodes to reconnect' });
    expect(receiver.heard.states.filter((state) => state === 'restored')).toEqual(['restored']);
    expect(receiver.heard.states.at(-1)).toBe('restored');
    sender.bus.publish(new Uint8Array([7]));
    await waitFor(() => receiver.heard.messages.length === 1, { what: 'the message' });
    expect(receiver.heard.messages).toEqual([new Uint8Array([7])]);
  });

  it('what is published during an outage is dropped, not kept for later', async () => {
    const [sender, receiver] = [await join(), await join()];
    await world().interrupt();
    await waitFor(() => !sender.bus.connected && !receiver.bus.connected, { what: 'both nodes to notice' });
    sender.bus.publish(new Uint8Array([1]));
    await world().restore();
    await waitFor(() => sender.bus.connected && receiver.bus.connected, { what: 'both nodes to reconnect' });
    await roundTrip(sender, receiver);
    expect(receiver.heard.messages).toEqual([]);
  });
}

function closes(join: Join, world: () => BusContractWorld): void {
  it('what was published before close still arrives, also what takes its time', async () => {
    const [sender, receiver] = [await join(), await join()];
    const messages = Array.from({ length: 12 }, (_, index) => new Uint8Array(512 * 1024).fill(index));
    for (const message of messages) {
      sender.bus.publish(message);
    }
    await sender.bus.close();
    await waitFor(() => receiver.heard.messages.length === messages.length, { what: 'all messages' });
  });

  it('a closed bus is not connected, hears nothing, and drops what is published', async () => {
    const [closed, sender, witness] = [await join(), await join(), await join()];
    await closed.bus.close();
    expect(closed.bus.connected).toBe(false);
    closed.bus.publish(new Uint8Array([1]));
    sender.bus.publish(new Uint8Array([2]));
    await waitFor(() => witness.heard.messages.length === 1, { what: 'the message' });
    expect(witness.heard.messages).toEqual([new Uint8Array([2])]);
    expect(closed.heard).toEqual({ messages: [], states: [], reasons: [] });
  });

  it('close resolves again, and during an outage', async () => {
    const { bus } = await join();
    await world().interrupt();
    await waitFor(() => !bus.connected, { what: 'the node to notice' });
    await Promise.all([bus.close(), bus.close()]);
    await bus.close();
    await world().restore();
    expect(bus.connected).toBe(false);
  });
}

/** Sends one message there and back, so that what was sent before has arrived; takes them out of what was heard. */
async function roundTrip(one: { bus: Bus; heard: Heard }, other: { bus: Bus; heard: Heard }): Promise<void> {
  for (const [from, to] of [
    [one, other],
    [other, one],
  ] as const) {
    const marker = new TextEncoder().encode(`marker ${performance.now()}`);
    from.bus.publish(marker);
    const at = await waitFor(
      () => {
        const index = to.heard.messages.findIndex((message) => hex(message) === hex(marker));
        return index === -1 ? undefined : { index };
      },
      { what: 'the marker' },
    );
    to.heard.messages.splice(at.index, 1);
  }
  await settle();
}

function hex(bytes: Uint8Array): string {
  return Buffer.from(bytes).toString('hex');
}
