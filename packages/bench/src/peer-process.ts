import type { Bus, BusListener } from '@lockstep/core';
import { waitFor } from '@lockstep/testkit';
import { connect } from '@nats-io/transport-node';
import type { PeerQuestion, PeerRequest } from './peer.ts';
import { HOP_SUBJECT } from './peer.ts';
import { openNode } from './servers.ts';

/** Between two looks of a process that waits to be stopped; a longer gap is the stop. */
const LOOK_EVERY_MS = 1;
const STOPPED_MS_MIN = 300;
const LOADS_AT_ONCE = 100;

/**
 * Another process with one node, asked over the process channel (see `Peer`). It looks whether the awaited entry is gone
 * right after each bus message has been taken, so that noticing costs nothing and no clock is polled.
 */
const [addresses, options] = JSON.parse(process.argv[2] ?? '[]');
const nats = await connect({ servers: addresses.natsUrl });
const departure = { key: '', at: Promise.withResolvers<number>() };
/** How often each key was loaded here. */
const loads: Map<string, number> = new Map();
const hop = { at: Promise.withResolvers<number>() };
const lockstep = await openNode(addresses, options, noticing);
const entries = lockstep.namespace<string>('bench', { ttl: 3_600_000, nearEntriesMax: 100_000 });
nats.subscribe(HOP_SUBJECT, { callback: () => hop.at.resolve(nowNs()) });
await nats.flush();

process.on('message', ({ id, question }: PeerRequest) => {
  void answer(question).then((value) => process.send?.({ id, value }));
});
process.on('disconnect', () => process.exit());
process.send?.({ id: 0, value: 0 });

async function answer(question: PeerQuestion): Promise<number> {
  switch (question.ask) {
    case 'warm':
      return warm(question.keys);
    case 'await-departure':
      departure.key = question.key;
      departure.at = Promise.withResolvers();
      return 0;
    case 'departed-at':
      return departure.at.promise;
    case 'await-hop':
      hop.at = Promise.withResolvers();
      return 0;
    case 'hopped-at':
      return hop.at.promise;
    case 'old-answers-after-stop':
      return oldAnswersAfterStop(question.key);
    case 'load':
      return load(question);
    case 'loads-of':
      return loads.get(question.key) ?? 0;
    case 'close':
      await Promise.all([lockstep.close(), nats.close()]);
      return 0;
  }
}

/** Has so many callers ask for a key at once; answers when the last one has its answer. */
async function load({ key, callers, loadMs }: Extract<PeerQuestion, { ask: 'load' }>): Promise<number> {
  const loader = async (): Promise<string> => {
    loads.set(key, (loads.get(key) ?? 0) + 1);
    await new Promise((resolve) => setTimeout(resolve, loadMs));
    return 'value';
  };
  await Promise.all(Array.from({ length: callers }, () => entries.getOrLoad(key, loader)));
  return nowNs();
}

function noticing(bus: Bus): Bus {
  return {
    get connected() {
      return bus.connected;
    },
    publish: (message) => bus.publish(message),
    close: () => bus.close(),
    listen(listener: BusListener) {
      bus.listen({
        message(bytes) {
          listener.message(bytes);
          if (departure.key !== '' && entries.peek(departure.key) === undefined) departure.at.resolve(nowNs());
        },
        restored: () => listener.restored(),
        interrupted: (reason) => listener.interrupted(reason),
      });
    },
  };
}

/** Loads the keys until the near-cache has every one. */
async function warm(keys: readonly string[]): Promise<number> {
  for (let from = 0; from < keys.length; from += LOADS_AT_ONCE) {
    const batch = keys.slice(from, from + LOADS_AT_ONCE);
    await waitFor(
      async () => {
        await Promise.all(batch.map((key) => entries.getOrLoad(key, () => `value of ${key}`)));
        return batch.every((key) => entries.peek(key) !== undefined);
      },
      { what: 'the keys in the near-cache' },
    );
  }
  return keys.length;
}

/** Looks at a key all the time; once this process has been stopped and woken, how often the first look still saw it. */
function oldAnswersAfterStop(key: string): Promise<number> {
  return new Promise((resolve) => {
    let lookedNs = nowNs();
    const looking = setInterval(() => {
      const seen = entries.peek(key) !== undefined;
      const sinceMs = (nowNs() - lookedNs) / 1e6;
      lookedNs = nowNs();
      if (sinceMs < STOPPED_MS_MIN) return;
      clearInterval(looking);
      resolve(seen ? 1 : 0);
    }, LOOK_EVERY_MS);
  });
}

/** CLOCK_MONOTONIC, which all processes of a machine share. */
function nowNs(): number {
  return Number(process.hrtime.bigint());
}
