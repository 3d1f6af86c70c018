import type { KeyAddress, StoredEntry, TierRead } from '@lockstep/core';
import { entryEndMs } from '@lockstep/core';
import type { Connection, PipelineCommand } from './connection.ts';
import { malformedReply } from './failure.ts';
import type { KeyLayout } from './key-layout.ts';
import { millisOf, parseHead } from './reply.ts';

/** The most entries that one pipeline reads: a batch of any size leaves room for others between its pipelines. */
const ENTRIES_MAX = 512;

/** A read that goes with the next pipeline. */
interface Waiting {
  readonly address: KeyAddress;
  readonly resolve: (read: TierRead) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Reads without leases: the server's time, then one MGET a partition, of its head and of entries, which counts what is
 * no string as absent. See ADR 0011.
 */
export class PlainReads {
  readonly #connection: Connection;
  readonly #keys: KeyLayout;
  #waiting: Waiting[] = [];

  constructor(connection: Connection, keys: KeyLayout) {
    this.#connection = connection;
    this.#keys = keys;
  }

  /** Reads one entry: all that are asked for in one turn of the event loop go together. */
  one(address: KeyAddress): Promise<TierRead> {
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ address, resolve, reject }) === 1) process.nextTick(() => void this.#send());
    });
  }

  async many(addresses: readonly KeyAddress[]): Promise<readonly TierRead[]> {
    const reads: TierRead[] = new Array(addresses.length);
    const byPartition = new Map<number, number[]>();
    for (const [at, { partition }] of addresses.entries()) {
      const places = byPartition.get(partition);
      if (places === undefined) byPartition.set(partition, [at]);
      else places.push(at);
    }
    const readSome = async (partitions: readonly (readonly number[])[]): Promise<void> => {
      const [time, ...replies] = await this.#connection.pipelineInTurn('read', this.#commands(addresses, partitions));
      const nowMs = millisOf(time);
      for (const [at, places] of partitions.entries()) {
        const reply = replies[at];
        if (nowMs === undefined || !Array.isArray(reply)) throw malformedReply('read');
        const head = parseHead(reply[0]);
        for (const [index, place] of places.entries()) {
          reads[place] = { head, entry: storedEntry(reply[index + 1], nowMs), lease: 'none' };
        }
      }
    };
    const shards = this.#connection.shards([...byPartition.keys()]);
    await Promise.all(
      shards.flatMap((shard) => {
        const places = shard.map((partition) => byPartition.get(partition) as readonly number[]);
        return pipelinesOf(places).map(readSome);
      }),
    );
    return reads;
  }

  async #send(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    try {
      const reads = await this.many(waiting.map(({ address }) => address));
      for (const [at, { resolve }] of waiting.entries()) resolve(reads[at] as TierRead);
    } catch (error) {
      for (const { reject } of waiting) reject(error);
    }
  }

  #commands(addresses: readonly KeyAddress[], partitions: readonly (readonly number[])[]): readonly PipelineCommand[] {
    return [
      ['time'],
      ...partitions.map((places): PipelineCommand => {
        const { partition } = addresses[places[0] as number] as KeyAddress;
        const entries = places.map((at) => this.#keys.entry(addresses[at] as KeyAddress));
        return ['mgetBuffer', this.#keys.partition(partition).head, ...entries];
      }),
    ];
  }
}

/** An entry whose life is over, or has no end, counts as absent. */
function storedEntry(bytes: unknown, nowMs: number): StoredEntry | undefined {
  if (!Buffer.isBuffer(bytes)) return undefined;
  const remainingMs = (entryEndMs(bytes) ?? nowMs) - nowMs;
  return remainingMs > 0 ? { bytes, remainingMs } : undefined;
}

/** Splits what is read of each partition into pipelines: in each the places of some partitions, of so many at most. */
function pipelinesOf(partitions: readonly (readonly number[])[]): readonly (readonly (readonly number[])[])[] {
  const pipelines: (readonly number[])[][] = [];
  let left = 0;
  for (const places of partitions) {
    for (let from = 0; from < places.length; ) {
      if (left === 0) {
        pipelines.push([]);
        left = ENTRIES_MAX;
      }
      const some = places.slice(from, from + left);
      pipelines.at(-1)?.push(some);
      from += some.length;
      left -= some.length;
    }
  }
  return pipelines;
}
