import type { NearView } from '@lockstep/admin-api';
import type { Lookups } from './frame.ts';

/** Over how long what is recent was. */
export const RECENT_MS = 10_000;
/** The most samples of one node; older ones go first. */
const SAMPLES_MAX = 200;

type Near = Readonly<Record<string, NearView>>;
/** What was counted in all, and lately: what happened within `overMs`. */
interface Counted {
  readonly total: Sum;
  readonly recent: Sum;
  readonly overMs: number;
}
interface Sum {
  readonly hits: number;
  readonly lookups: number;
  readonly entries: number;
  readonly bytes: number;
  readonly loads: number;
}

const NOTHING: Sum = { hits: 0, lookups: 0, entries: 0, bytes: 0, loads: 0 };

/** What one node counted, over the last seconds. */
export class NodeSamples {
  #samples: { readonly atMs: number; readonly near: Near }[] = [];
  #areOwn = false;

  /**
   * Takes what the node says now; what it has said before is no news. What others have of it (not `isOwn`) is of another age
   * than what it says itself: the two are never compared.
   */
  add(near: Near, { atMs, isOwn }: { readonly atMs: number; readonly isOwn: boolean }): void {
    if (isOwn !== this.#areOwn) this.#samples = [];
    this.#areOwn = isOwn;
    const last = this.#samples.at(-1);
    if (last !== undefined && JSON.stringify(last.near) === JSON.stringify(near) && atMs - last.atMs < RECENT_MS / 2)
      return;
    this.#samples.push({ atMs, near });
    // The newest of those that are too old is where the window begins.
    while (this.#samples.length > SAMPLES_MAX || (this.#samples[1]?.atMs ?? atMs) < atMs - RECENT_MS) {
      this.#samples.shift();
    }
  }

  get namespaces(): readonly string[] {
    return Object.keys(this.#samples.at(-1)?.near ?? {});
  }

  /** Of one namespace, or of all. */
  counted(namespace?: string): Counted {
    const [first, last] = [this.#samples[0], this.#samples.at(-1)];
    if (first === undefined || last === undefined) return { total: NOTHING, recent: NOTHING, overMs: 0 };
    const [before, total] = [sumOf(first.near, namespace), sumOf(last.near, namespace)];
    const recent = { ...total, hits: total.hits - before.hits, lookups: total.lookups - before.lookups };
    return { total, recent, overMs: last.atMs - first.atMs };
  }
}

/** The figures of several nodes, or of one, as one. */
export function lookupsOf(counted: readonly Counted[]): Lookups {
  const total = counted.map((each) => each.total).reduce(plus, NOTHING);
  const known = counted.filter(({ overMs }) => overMs > 0);
  const recent = known.map((each) => each.recent).reduce(plus, NOTHING);
  const perSecond = known.reduce((sum, each) => sum + (each.recent.lookups * 1_000) / each.overMs, 0);
  return {
    hitRatio: ratio(total),
    recentHitRatio: ratio(recent),
    recentPerSecond: known.length === 0 ? null : perSecond,
    entries: total.entries,
    bytes: total.bytes,
    loads: total.loads,
  };
}

function sumOf(near: Near, namespace: string | undefined): Sum {
  const views = namespace === undefined ? Object.values(near) : [near[namespace] ?? []].flat();
  return views
    .map(({ nearHits, tierHits, loads, entries, bytes }) => {
      const hits = nearHits + tierHits;
      return { hits, lookups: hits + loads, entries, bytes, loads };
    })
    .reduce(plus, NOTHING);
}

function plus(left: Sum, right: Sum): Sum {
  return {
    hits: left.hits + right.hits,
    lookups: left.lookups + right.lookups,
    entries: left.entries + right.entries,
    bytes: left.bytes + right.bytes,
    loads: left.loads + right.loads,
  };
}

function ratio({ hits, lookups }: Sum): number | null {
  return lookups === 0 ? null : hits / lookups;
}
