import { connectNats } from '@lockstep/bus-nats';
import type { Lockstep, LockstepOptions } from '@lockstep/cache';
import { openLockstep } from '@lockstep/cache';
import type { Bus } from '@lockstep/core';
import type { RunningServer } from '@lockstep/testkit';
import { startNats, startRedis, waitFor } from '@lockstep/testkit';
import { connectKeydb } from '@lockstep/tier-keydb';

/** Where a node's tier and bus are. */
export interface Addresses {
  readonly redisUrl: string;
  readonly natsUrl: string;
}

/** A tier and a bus of their own for one item, so that no item warms or burdens another one's. */
export interface Servers extends Addresses, AsyncDisposable {
  readonly redis: RunningServer;
  readonly nats: RunningServer;
}

const CLUSTER = 'bench';
/** What every node of a benchmark shares. */
export const SECRET = 'a secret that only benchmarks use';

export async function startServers(): Promise<Servers> {
  const [redis, nats] = await Promise.all([startRedis(), startNats()]);
  return {
    redis,
    nats,
    redisUrl: redis.url,
    natsUrl: nats.url,
    async [Symbol.asyncDispose]() {
      await Promise.all([redis.stop(), nats.stop()]);
    },
  };
}

/** Opens a node and waits until it hears the bus; `wrap` may put something between the two. */
export async function openNode(
  { redisUrl, natsUrl }: Addresses,
  options: LockstepOptions = {},
  wrap: (bus: Bus) => Bus = (bus) => bus,
): Promise<Lockstep> {
  const bus = connectNats({ servers: natsUrl, cluster: CLUSTER });
  await waitFor(() => bus.connected, { what: 'the bus' });
  const tier = connectKeydb({ url: redisUrl, cluster: CLUSTER });
  return openLockstep({ secret: SECRET, tier, bus: wrap(bus), ...options });
}
