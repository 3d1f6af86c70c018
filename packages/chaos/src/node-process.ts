import { connectNats } from '@lockstep/bus-nats';
import { openLockstep } from '@lockstep/cache';
import { Prng } from '@lockstep/testing/world';
import { connectKeydb } from '@lockstep/tier-keydb';
import { Clients } from './clients.ts';
import { RoundKeys } from './keys.ts';
import type { NodeSettings, Order, Report } from './messages.ts';
import { CLUSTER, DELTA_MAX_MS, DELTA_MS, SECRET } from './parameters.ts';
import { Recorder } from './records.ts';

/** One node of the cluster under chaos, with its clients, in a process of its own. */
const { number, seed, tierUrl, busUrl, originNs, durable } = JSON.parse(process.argv[2] as string) as NodeSettings;
const originTime = BigInt(originNs);
const random = new Prng(seed);

// The run that gave the orders is gone.
process.on('disconnect', () => process.exit(1));
process.on('SIGINT', () => {});

const lockstep = await openLockstep({
  secret: SECRET,
  tier: connectKeydb({ url: tierUrl, cluster: CLUSTER }),
  bus: connectNats({ servers: busUrl, cluster: CLUSTER }),
  maxStaleness: DELTA_MS,
  deltaMax: DELTA_MAX_MS,
  ...(durable && { durability: { replicas: 1 } }),
});
const tools = lockstep.namespace<string>('tools', { ttl: 30_000, grace: 10_000, lease: 2_000 });
const nowMs = (): number => Number(process.hrtime.bigint() - originTime) / 1e6;
let clients: Clients | undefined;
let keys = new RoundKeys(0);

process.on('message', (order: Order) => void obey(order));
say({ report: 'open' });

async function obey(order: Order): Promise<void> {
  switch (order.order) {
    case 'load':
      keys = new RoundKeys(order.round);
      clients = new Clients({ number, lockstep, tools, random, nowMs }, keys, new Recorder(order.file));
      return;
    case 'pause':
      await clients?.pause();
      clients = undefined;
      return say({ report: 'paused' });
    case 'read': {
      const read = async (key: string) => [key, (await tools.get(key)) ?? null] as const;
      return say({ report: 'read', answers: Object.fromEntries(await Promise.all(keys.hot.map(read))) });
    }
    case 'report':
      return say({
        report: 'state',
        coherence: lockstep.coherence,
        counters: { ...lockstep.stats(), ...tools.stats() },
      });
    case 'close':
      await lockstep.close();
      process.exit(0);
  }
}

function say(report: Report): void {
  process.send?.(report);
}
