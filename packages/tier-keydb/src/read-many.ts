import type { KeyAddress, StoredEntry, TierRead } from '@lockstep/core';
import type { Connection, PipelineCommand } from './connection.ts';
import { malformedReply } from './failure.ts';
import type { KeyLayout } from './key-layout.ts';
import { parseHead } from './reply.ts';

/** The most entries that one pipeline reads: a batch of any size leaves room for others between its pipelines. */
const ENTRIES_MAX = 512;

/**
 * Reads entries by plain commands: per partition its head, then how long each entry lives, then the entries (MGET,
 * which counts what is no string as absent). In that order, because others may write in between: see ADR 0011.
 */
export async function readEntries(
  connection: Connection,
  keys: KeyLayout,
  addresses: readonly KeyAddress[],
): Promise<readonly TierRead[]> {
  const reads: TierRead[] = new Array(addresses.length);
  const readSome = async (shard: readonly number[], places: readonly number[]): Promise<void> => {
    const partitions = shard
      .map((partition) => places.filter((at) => addresses[at]?.partition === partition))
      .filter((there) => there.length > 0);
    const commands = commandsFor(keys, addresses, partitions);
    const replies = await connection.pipelineInTurn('read many', commands);
    let lifeAt = partitions.length;
    let entriesAt = lifeAt + places.length;
    for (const [at, there] of partitions.entries()) {
      const head = parseHead(replies[at]);
      const entries = replies[entriesAt++];
      if (!Array.isArray(entries)) throw malformedReply('read many');
      for (const [index, place] of there.entries()) {
        reads[place] = { head, entry: storedEntry(entries[index], replies[lifeAt++]), lease: 'none' };
      }
    }
  };
  const shards = connection.shards([...new Set(addresses.map(({ partition }) => partition))]);
  await Promise.all(
    shards.flatMap((shard) => {
      const places = [...addresses.keys()].filter((at) => shard.includes(addresses[at]?.partition as number));
      return chunksOf(places).map((chunk) => readSome(shard, chunk));
    }),
  );
  return reads;
}

/** All heads, then all lives, then all entries; `partitions` has the places of each one's addresses. */
function commandsFor(
  keys: KeyLayout,
  addresses: readonly KeyAddress[],
  partitions: readonly (readonly number[])[],
): readonly PipelineCommand[] {
  const named = partitions.map((places) => places.map((at) => keys.entry(addresses[at] as KeyAddress)));
  return [
    ...partitions.map(([at]): PipelineCommand => {
      return ['get', keys.partition((addresses[at as number] as KeyAddress).partition).head];
    }),
    ...named.flatMap((entries) => entries.map((entry): PipelineCommand => ['pttl', entry])),
    ...named.map((entries): PipelineCommand => ['mgetBuffer', ...entries]),
  ];
}

/** Entries are written with a life; one without is not ours, and counts as absent. */
function storedEntry(bytes: unknown, lifeMs: unknown): StoredEntry | undefined {
  if (typeof lifeMs !== 'number') throw malformedReply('read many');
  return Buffer.isBuffer(bytes) && lifeMs >= 0 ? { bytes, remainingMs: lifeMs } : undefined;
}

function chunksOf(places: readonly number[]): readonly (readonly number[])[] {
  const count = Math.ceil(places.length / ENTRIES_MAX);
  return Array.from({ length: count }, (_, at) => places.slice(at * ENTRIES_MAX, (at + 1) * ENTRIES_MAX));
}
