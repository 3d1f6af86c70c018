import type { Namespace } from '@lockstep/cache';
import type { NatsConnection } from '@nats-io/transport-node';
import { connect } from '@nats-io/transport-node';
import { Redis } from 'ioredis';
import type { Row } from './figures.ts';
import { medianOf, quantiles, row } from './figures.ts';
import type { Scale } from './item.ts';
import { HOP_SUBJECT, nowNs, Peer } from './peer.ts';
import type { Addresses } from './servers.ts';
import { openNode, startServers } from './servers.ts';

const RUNS = 3;
/** Before the figures count: connections, scripts and compiled code are warm. */
const WARM_UP_ROUNDS = 300;
const SCRIPT = "return redis.call('SET', KEYS[1], ARGV[1])";

/** From the start of a clear until another process no longer serves the value, beside one bare script and one bare hop. */
export async function invalidation({ small }: Scale): Promise<readonly Row[]> {
  await using servers = await startServers();
  await using writer = await openNode(servers);
  const entries = writer.namespace<string>('bench');
  await using peer = await Peer.start(servers);
  await using floor = await openFloor(servers, peer);
  const warmUps = small ? 5 : WARM_UP_ROUNDS;
  const rounds = small ? 20 : 1_000;
  const runs: { readonly ours: number[]; readonly floor: number[] }[] = [];
  for (let run = 0; run < (small ? 1 : RUNS); run++) {
    const keys = Array.from({ length: warmUps + rounds }, (_, index) => `run-${run}-key-${index}`);
    await peer.ask({ ask: 'warm', keys });
    const times = { ours: [] as number[], floor: [] as number[] };
    for (const key of keys) {
      times.ours.push(await propagationMs(entries, peer, key));
      times.floor.push(await floor.roundMs());
    }
    runs.push({ ours: times.ours.slice(warmUps), floor: times.floor.slice(warmUps) });
  }
  const measured = {
    unit: 'ms',
    ours: medianOf(runs.map(({ ours }) => quantiles(ours))),
    floor: medianOf(runs.map((run) => quantiles(run.floor))),
  };
  return [
    row({ ...measured, id: 'invalidation.p50', target: { at: 'p50', ratioAtMost: 1.5 } }),
    row({ ...measured, id: 'invalidation.p99', target: { at: 'p99', ratioAtMost: 3 } }),
  ];
}

async function propagationMs(entries: Namespace<string>, peer: Peer, key: string): Promise<number> {
  await peer.ask({ ask: 'await-departure', key });
  const startedNs = nowNs();
  await entries.clear(key);
  return ((await peer.ask({ ask: 'departed-at' })) - startedNs) / 1e6;
}

interface Floor extends AsyncDisposable {
  roundMs(): Promise<number>;
}

/** The least that any cache with a script and a bus has to do, with the bare clients of both. */
async function openFloor({ redisUrl, natsUrl }: Addresses, peer: Peer): Promise<Floor> {
  const redis = new Redis(redisUrl);
  const nats: NatsConnection = await connect({ servers: natsUrl });
  const sha = (await redis.script('LOAD', SCRIPT)) as string;
  return {
    async roundMs() {
      await peer.ask({ ask: 'await-hop' });
      const startedNs = nowNs();
      await redis.evalsha(sha, 1, 'bench:floor', 'value');
      nats.publish(
        HOP_SUBJECT,
        'a message of about the size of a frame, which has some 130 bytes, so that it is comparable',
      );
      return ((await peer.ask({ ask: 'hopped-at' })) - startedNs) / 1e6;
    },
    async [Symbol.asyncDispose]() {
      await Promise.all([redis.quit(), nats.close()]);
    },
  };
}
