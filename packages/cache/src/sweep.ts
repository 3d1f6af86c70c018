import type { Engine } from './engine.ts';
import { OptionReader } from './option-reader.ts';
import { walk } from './stored-entries.ts';

/** How much one sweep looks at. */
export interface SweepOptions {
  /** The most entries that it looks at, a few hundred more at times: 1 to 10,000,000. Default: 10,000. */
  readonly limit?: number;
  /** Where an earlier sweep ended, to go on from there. Default: the beginning. */
  readonly cursor?: string;
}

/** What a sweep did. */
export interface SweepReport {
  /** How many entries it looked at. */
  readonly scanned: number;
  /** How many of them were dead, and are gone; and how large they were. */
  readonly reclaimed: number;
  readonly reclaimedBytes: number;
  /** From where the next sweep goes on; undefined: this one came to the end. */
  readonly cursor: string | undefined;
}

const LIMIT_MAX = 10_000_000;

/**
 * Takes from the tier what a clear of a scope has killed, and that would lie there until its life is over. Nothing is
 * lost by it: a dead entry is answered by no node, and the tier is left as if memory pressure had taken it.
 */
export async function sweep(
  engine: Engine,
  namespaces: readonly string[],
  options: SweepOptions,
): Promise<SweepReport> {
  const { node, breaker } = engine;
  const reader = new OptionReader(options);
  const limit = reader.count('limit', 10_000, [1, LIMIT_MAX]);
  reader.refuseOthers({ limit: true, cursor: true });
  reader.finish('sweep');
  let [work, scanned, reclaimed, reclaimedBytes] = [0, 0, 0, 0];
  for await (const { entries, next } of walk(engine, namespaces, options.cursor)) {
    const dead = entries.filter(({ namespace, entry }) => {
      return !node.epochs.isLive(entry.born, node.secrets.identifiers.scope({ namespace }), entry.tags);
    });
    await Promise.all(
      dead.map(async ({ entry: { version }, bytes, ...address }) => {
        if (!(await breaker.call(() => node.tier.reclaim(address, version)))) return;
        reclaimed++;
        reclaimedBytes += bytes;
      }),
    );
    scanned += entries.length;
    // An empty page is work, too.
    work += Math.max(1, entries.length);
    if (work >= limit) return { scanned, reclaimed, reclaimedBytes, cursor: next };
  }
  return { scanned, reclaimed, reclaimedBytes, cursor: undefined };
}
