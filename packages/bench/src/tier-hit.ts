import type { Lockstep, Namespace } from '@lockstep/cache';
import { Redis } from 'ioredis';
import type { Quantiles, Row } from './figures.ts';
import { medianOf, quantiles, row } from './figures.ts';
import type { Scale } from './item.ts';
import { nowNs } from './peer.ts';
import type { Servers } from './servers.ts';
import { openNode, startServers } from './servers.ts';

const ENTRIES = 5_000;
/** So few that what is read again, after all the others, is not near any more. */
const NEAR_ENTRIES = 500;
const VALUE_BYTES = 1_000;
const IN_FLIGHT = 64;
const KEYS_OF_A_BATCH = 100;
const RUNS = 3;

interface Value {
  readonly size: number;
  readonly text: string;
}

/** One way to read some keys; answers the sum of the sizes of their values. */
type Read = (keys: readonly string[]) => Promise<number>;

/** Reads that the tier answers, because nothing is near, beside a bare client's GETs whose answers are parsed. */
export async function tierHit(scale: Scale): Promise<readonly Row[]> {
  await using scene = await openScene(scale);
  const { ours, raw, keys } = scene;
  const one = await inTurns({ scale, keys, chunk: 1 }, [
    async ([key]) => (await ours.get(key as string))?.size ?? 0,
    async ([key]) => sizeOf(await raw.get(key as string)),
  ]);
  const many = await inTurns({ scale, keys, chunk: scale.small ? IN_FLIGHT : 10 * IN_FLIGHT }, [
    inFlight(async (key) => (await ours.get(key))?.size ?? 0),
    inFlight(async (key) => sizeOf(await raw.get(key))),
  ]);
  return [
    row({ id: 'tier-hit.get', unit: 'us', ...one, target: { at: 'p50', ratioAtMost: 1.25 } }),
    // Time by a read: 1 / 0.7 of it is 0.7 of the throughput.
    row({ id: 'tier-hit.64-in-flight', unit: 'us', ...many, target: { at: 'p50', ratioAtMost: 1.43 } }),
  ];
}

/** One `getMany` of keys of which nothing is near, beside as many GETs in one pipeline whose answers are parsed. */
export async function manyKeys(scale: Scale): Promise<readonly Row[]> {
  await using scene = await openScene(scale);
  const { ours, raw, keys } = scene;
  const gets: Read = async (some) => {
    const pipeline = raw.pipeline();
    for (const key of some) pipeline.get(key);
    const replies = (await pipeline.exec()) ?? [];
    return sum(replies.map(([, text]) => sizeOf(text as string)));
  };
  const single: Read = async (some) =>
    sum(await Promise.all(some.map(async (key) => (await ours.get(key))?.size ?? 0)));
  const chunk = KEYS_OF_A_BATCH;
  const getMany: Read = async (some) => sum([...(await ours.getMany(some)).values()].map(({ size }) => size));
  const loadMany: Read = async (some) => {
    const found = await ours.getOrLoadMany(some, () => {
      throw new Error('the tier has them all');
    });
    return sum([...found.values()].map(({ size }) => size));
  };
  const rows: Row[] = [];
  for (const [name, read, target] of [
    ['get-many', getMany, { at: 'p50', ratioAtMost: 1.5 }],
    ['get-or-load-many', loadMany, undefined],
    ['gets', single, undefined],
  ] as const) {
    const times = await inTurns({ scale, keys, chunk }, [read, gets]);
    rows.push(row({ id: `many-keys.${name}`, unit: 'us', ...times, ...(target && { target }) }));
  }
  return rows;
}

interface Scene extends AsyncDisposable {
  readonly ours: Namespace<Value>;
  readonly raw: Redis;
  readonly keys: readonly string[];
}

/** Values that a node and a bare client can read, each by its own key of the same name. */
async function openScene({ small }: Scale): Promise<Scene> {
  const servers: Servers = await startServers();
  const nodes: readonly Lockstep[] = [await openNode(servers), await openNode(servers)];
  const raw = new Redis(servers.redisUrl, { protocol: 2, disableClientInfo: true });
  const [writer, reader] = nodes.map((node, index) => {
    return node.namespace<Value>('bench', { ttl: 3_600_000, ...(index === 1 && { nearEntriesMax: NEAR_ENTRIES }) });
  }) as [Namespace<Value>, Namespace<Value>];
  const keys = Array.from({ length: small ? 2 * NEAR_ENTRIES : ENTRIES }, (_, index) => `key-${index}`);
  const value = { size: 1, text: 'v'.repeat(VALUE_BYTES) };
  for (let from = 0; from < keys.length; from += KEYS_OF_A_BATCH) {
    const batch = keys.slice(from, from + KEYS_OF_A_BATCH);
    await writer.setMany(batch.map((key) => [key, value]));
    await Promise.all(batch.map((key) => raw.set(key, JSON.stringify(value))));
  }
  return {
    ours: reader,
    raw,
    keys,
    async [Symbol.asyncDispose]() {
      raw.disconnect();
      await Promise.all(nodes.map((node) => node.close()));
      await servers[Symbol.asyncDispose]();
    },
  };
}

interface Course {
  readonly scale: Scale;
  readonly keys: readonly string[];
  /** How many keys are read at a time. */
  readonly chunk: number;
}

/** Both read chunk after chunk in turns, and all chunks before the first one again; µs by chunk, or by key of large ones. */
async function inTurns(
  { scale, keys, chunk }: Course,
  [ours, floor]: readonly [Read, Read],
): Promise<{ readonly ours: Quantiles; readonly floor: Quantiles }> {
  const runs: [Quantiles[], Quantiles[]] = [[], []];
  const chunks = Math.floor(keys.length / chunk);
  const rounds = scale.small ? 20 : Math.max(300, Math.min(3_000, chunks));
  const per = chunk > KEYS_OF_A_BATCH ? chunk : 1;
  for (let run = 0; run < (scale.small ? 1 : RUNS); run++) {
    const times: [number[], number[]] = [[], []];
    for (let round = -rounds / 5; round < rounds; round++) {
      const at = (Math.floor(round + rounds) % chunks) * chunk;
      for (const [index, read] of [ours, floor].entries()) {
        await new Promise((resolve) => setImmediate(resolve));
        const startedNs = nowNs();
        const size = await read(keys.slice(at, at + chunk));
        const us = (nowNs() - startedNs) / 1e3 / per;
        if (size !== chunk) throw new Error(`${size} of ${chunk} keys were read`);
        if (round >= 0) times[index as 0 | 1].push(us);
      }
    }
    for (const index of [0, 1] as const) runs[index].push(quantiles(times[index]));
  }
  return { ours: medianOf(runs[0]), floor: medianOf(runs[1]) };
}

/** Reads all keys, so many at any time. */
function inFlight(read: (key: string) => Promise<number>): Read {
  return async (keys) => {
    let next = 0;
    const lane = async (): Promise<number> => {
      let size = 0;
      while (next < keys.length) size += await read(keys[next++] as string);
      return size;
    };
    return sum(await Promise.all(Array.from({ length: IN_FLIGHT }, lane)));
  };
}

function sizeOf(text: string | null): number {
  return (JSON.parse(text ?? '{"size":0}') as Value).size;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, number) => total + number, 0);
}
