import type { Lockstep } from '@lockstep/cache';
import { openLockstep } from '@lockstep/cache';
import type { KeydbTier } from '@lockstep/tier-keydb';
import { connectKeydb } from '@lockstep/tier-keydb';
import { Redis } from 'ioredis';
import type { Row } from './figures.ts';
import { quantiles, row, single } from './figures.ts';
import type { Scale } from './item.ts';
import { nowNs } from './peer.ts';
import type { Servers } from './servers.ts';
import { SECRET, startServers } from './servers.ts';

const PARTITIONS = 16;
const NODES = 100;

/** What heartbeats cost the tier: of one idle node with 16 partitions, and of a hundred. */
export async function heartbeatCost({ small }: Scale): Promise<readonly Row[]> {
  await using servers = await startServers();
  const spanMs = small ? 1_000 : 10_000;
  const one = await loadOf(servers, 1, spanMs);
  const hundred = await loadOf(servers, small ? 3 : NODES, spanMs);
  return [
    row({ id: 'heartbeat.one-node.commands', unit: '1/s', ours: single(one.commandsPerSecond) }),
    row({ id: 'heartbeat.one-node.bytes', unit: 'B/s', ours: single(one.bytesPerSecond) }),
    row({ id: 'heartbeat.hundred-nodes.commands', unit: '1/s', ours: single(hundred.commandsPerSecond) }),
    row({ id: 'heartbeat.hundred-nodes.bytes', unit: 'B/s', ours: single(hundred.bytesPerSecond) }),
    row({ id: 'heartbeat.hundred-nodes.server-cpu', unit: '%', ours: single(hundred.cpuPercent) }),
    row({ id: 'heartbeat.hundred-nodes.time', unit: 'ms', ours: quantiles(hundred.beatsMs) }),
  ];
}

interface Load {
  readonly commandsPerSecond: number;
  readonly bytesPerSecond: number;
  readonly cpuPercent: number;
  /** From the sending of a heartbeat to the answer with the heads. */
  readonly beatsMs: readonly number[];
}

/** The load of idle nodes on the tier's server for a while, all in this process. */
async function loadOf({ redisUrl }: Servers, count: number, spanMs: number): Promise<Load> {
  const beatsMs: number[] = [];
  const nodes: Lockstep[] = [];
  for (let node = 0; node < count; node++) {
    const tier = timed(connectKeydb({ url: redisUrl, cluster: 'bench' }), beatsMs);
    nodes.push(await openLockstep({ secret: SECRET, tier, partitions: PARTITIONS }));
  }
  const redis = new Redis(redisUrl);
  const before = await readingOf(redis);
  beatsMs.length = 0;
  await new Promise((resolve) => setTimeout(resolve, spanMs));
  const after = await readingOf(redis);
  await redis.quit();
  await Promise.all(nodes.map((node) => node.close()));
  const seconds = (after.atNs - before.atNs) / 1e9;
  return {
    commandsPerSecond: (after.commands - before.commands) / seconds,
    bytesPerSecond: (after.bytes - before.bytes) / seconds,
    cpuPercent: ((after.cpuSeconds - before.cpuSeconds) / seconds) * 100,
    beatsMs,
  };
}

/** Notes how long each heartbeat takes. */
function timed(tier: KeydbTier, beatsMs: number[]): KeydbTier {
  const beat = tier.beat.bind(tier);
  const heads = tier.heads.bind(tier);
  let startedNs = 0;
  tier.beat = (node, nonce) => {
    startedNs = nowNs();
    return beat(node, nonce);
  };
  tier.heads = async (partitions) => {
    const answer = await heads(partitions);
    beatsMs.push((nowNs() - startedNs) / 1e6);
    return answer;
  };
  return tier;
}

interface Reading {
  readonly atNs: number;
  readonly commands: number;
  readonly bytes: number;
  readonly cpuSeconds: number;
}

/** What the server has done so far, as it counts itself: what scripts do inside counts, too. */
async function readingOf(redis: Redis): Promise<Reading> {
  const info = await redis.info();
  const numberOf = (field: string): number => Number(new RegExp(`^${field}:([\\d.]+)`, 'm').exec(info)?.[1]);
  return {
    atNs: nowNs(),
    commands: numberOf('total_commands_processed'),
    bytes: numberOf('total_net_input_bytes') + numberOf('total_net_output_bytes'),
    cpuSeconds: numberOf('used_cpu_sys') + numberOf('used_cpu_user'),
  };
}
