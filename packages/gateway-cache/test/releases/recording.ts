import type { BusNetwork } from '@lockstep/testkit';
import { createBusNetwork, startProxy, startRedis, waitFor } from '@lockstep/testkit';
import { Redis } from 'ioredis';
import { openNode, writeEverything } from './scenario.ts';
import type { TierDump } from './tier-dump.ts';
import { dumpOf } from './tier-dump.ts';
import { FORMATS, wireBytes } from './wire-bytes.ts';

/** What a release writes. */
export interface Recording {
  readonly formats: Readonly<Record<'message' | 'body', number>>;
  /** Bytes that depend on neither time nor chance, in hexadecimal. */
  readonly bytes: ReturnType<typeof wireBytes>;
  /** All that the tier held after the scenario. */
  readonly tier: TierDump;
  /** Every message on the bus meanwhile, in base64. */
  readonly bus: readonly string[];
}

/** A release, as its fixture has it. */
export interface ReleaseFixture extends Recording {
  readonly release: string;
}

/** Runs the scenario on a real server with today's code, and answers all that it wrote. */
export async function record(): Promise<Recording> {
  await using stack = new AsyncDisposableStack();
  const server = stack.adopt(await startRedis(), (started) => started.stop());
  const raw = stack.adopt(new Redis(server.url), (client) => client.disconnect());
  const network = createBusNetwork();
  const bus = messagesOn(network);
  const open = async (url: string) =>
    stack.adopt(await openNode(url, network.join()), ({ lockstep }) => lockstep.close());
  const proxy = stack.adopt(await startProxy({ target: server.url }), (started) => started.close());
  const [one, two, cutOff] = [await open(server.url), await open(server.url), await open(proxy.url)];
  await writeEverything(one, two);
  const tier = await dumpOf(raw);
  proxy.cut();
  // A clear without a tier: the one frame that is no event.
  const cleared = async () => (await cutOff.spaces.plain.clear('hinted', { allowDegraded: true })).committed === false;
  await waitFor(cleared, { what: 'a clear that is queued' });
  await network.quiet();
  return { formats: FORMATS, bytes: wireBytes(), tier, bus };
}

function messagesOn(network: BusNetwork): readonly string[] {
  const messages: string[] = [];
  const member = network.join();
  member.listen({
    message: (bytes) => messages.push(Buffer.from(bytes).toString('base64')),
    restored: () => undefined,
    interrupted: () => undefined,
  });
  return messages;
}
