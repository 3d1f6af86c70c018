import type { TierInfo } from '@lockstep/core';
import type { Connection, PipelineCommand } from './connection.ts';
import { malformedReply } from './failure.ts';
import type { KeyLayout } from './key-layout.ts';
import { millisOf, textOf } from './reply.ts';

/** Counts the index members whose time has not ended, by the tier's clock; the partitions are read one by one. */
export async function countEntries(
  connection: Connection,
  keys: KeyLayout,
  scope: { readonly namespace: string; readonly partitions: number },
): Promise<number> {
  const all = Array.from({ length: scope.partitions }, (_, partition) => partition);
  const counts = await Promise.all(
    connection.shards(all).map(async (shard) => {
      const [time] = await connection.pipeline('count', [['time']]);
      const nowMs = millisOf(time);
      if (nowMs === undefined) throw malformedReply('count');
      const commands = shard.map(
        (partition): PipelineCommand => ['zcount', keys.index(partition, scope.namespace), `(${nowMs}`, '+inf'],
      );
      return connection.pipeline('count', commands);
    }),
  );
  return counts.flat().reduce((sum: number, count) => {
    if (typeof count !== 'number') throw malformedReply('count');
    return sum + count;
  }, 0);
}

/** Reads the server's facts from INFO; what it does not say is 0 or `unknown`. */
export async function readInfo(connection: Connection): Promise<TierInfo> {
  const sections = await connection.pipeline('info', [
    ['info', 'server'],
    ['info', 'memory'],
    ['info', 'keyspace'],
  ]);
  const facts = factsOf(sections);
  const evictionPolicy = facts.get('maxmemory_policy') ?? 'unknown';
  return {
    version: facts.get('redis_version') ?? 'unknown',
    usedMemoryBytes: wholeOr0(facts.get('used_memory')),
    keys: wholeOr0(/^keys=(\d+)/.exec(facts.get(`db${connection.config.database}`) ?? '')?.[1]),
    evictionPolicy,
    evictsMetadata: evictionPolicy.startsWith('allkeys-'),
  };
}

/** The facts of INFO's answers, by name. */
export function factsOf(sections: readonly unknown[]): ReadonlyMap<string, string> {
  const facts = new Map<string, string>();
  for (const section of sections) {
    for (const line of (textOf(section) ?? '').split('\r\n')) {
      const colon = line.indexOf(':');
      if (colon > 0) facts.set(line.slice(0, colon), line.slice(colon + 1));
    }
  }
  return facts;
}

/** A whole number in digits; 0 for anything else. */
export function wholeOr0(text: string | undefined): number {
  const number = Number(text);
  return Number.isSafeInteger(number) ? number : 0;
}
