import { setTimeout as delay } from 'node:timers/promises';
import type { InvalidationScope } from '@lockstep/admin-api';
import { GATEWAY } from '../test/admin-harness.ts';
import type { ObservedCluster, ObservedNode } from '../test/observed-cluster.ts';
import type { Episode } from './episode.ts';

const REASON = 'a scenario for pictures';
const SMALL_CLEAR_EVERY_MS = 8_000;
const BUS_AWAY_MS = 15_000;
const TIER_AWAY_MS = 20_000;
const PAUSE_MS = 12_000;
const CALM_MS = 30_000;

/** What a run of the scenario has seen. */
export interface Played {
  readonly episodes: readonly Episode[];
  /** Its length, in seconds. */
  readonly seconds: number;
}

/**
 * About four minutes of a cluster's life: calm, a fenced clear of everything, a node without its bus, all without their tier,
 * a node that stands still; and all the time clears and expires of one server's tools, on one node after another.
 */
export async function play(cluster: ObservedCluster, servers: readonly string[]): Promise<Played> {
  const [first, second, third] = cluster.nodes;
  const episodes: Episode[] = [];
  const now = (): number => Date.now() / 1_000 - cluster.since;
  const during = async (what: string, act: () => Promise<unknown>): Promise<void> => {
    const from = now();
    await act();
    episodes.push({ what, from, to: Math.max(now(), from + 1) });
  };
  const stop = clearNowAndThen(cluster.nodes, servers);
  await delay(CALM_MS);
  await during('fenced clear of everything', () => clear(first, { everything: true }, 'fenced'));
  await delay(CALM_MS);
  await during('gateway-3 has no bus', async () => {
    third.bus.cut();
    await delay(BUS_AWAY_MS);
    third.bus.restore();
  });
  await delay(CALM_MS);
  await during('no node has the tier', async () => {
    for (const { tier } of cluster.nodes) tier.cut();
    await delay(TIER_AWAY_MS);
    for (const { tier } of cluster.nodes) tier.restore();
  });
  await delay(CALM_MS);
  await during('gateway-2 stands still', async () => {
    second.process.child.kill('SIGSTOP');
    await clear(first, toolsOf(servers[0] ?? ''), 'fenced').catch(() => undefined);
    await delay(PAUSE_MS);
    second.process.child.kill('SIGCONT');
  });
  await delay(CALM_MS);
  await stop();
  return { episodes, seconds: now() };
}

/** The tools of one server. */
export function toolsOf(server: string): InvalidationScope {
  return { gateway: GATEWAY, cacheType: 'tools', server };
}

/** Clears a scope on all nodes; rejects where that cannot be done. */
export async function clear(node: ObservedNode, scope: InvalidationScope, wait: 'committed' | 'fenced'): Promise<void> {
  await node.admin.clear({ scope, wait, reason: REASON });
}

/** Clears, and at times expires, the tools of one server after the other; answers how to end it. */
function clearNowAndThen(nodes: readonly ObservedNode[], servers: readonly string[]): () => Promise<void> {
  const ending = new AbortController();
  const run = async (): Promise<void> => {
    for (let turn = 0; ; turn++) {
      await delay(SMALL_CLEAR_EVERY_MS, undefined, { signal: ending.signal });
      const node = nodes[turn % nodes.length] as ObservedNode;
      const server = servers[turn % servers.length] ?? '';
      const verb = turn % 3 === 2 ? 'expire' : 'clear';
      const wait = turn % 4 === 3 ? ('fenced' as const) : ('committed' as const);
      const request = { scope: toolsOf(server), wait, reason: REASON };
      // While the tier is away it is refused, and while a node stands still it waits.
      await node.admin[verb](request).catch(() => undefined);
    }
  };
  const running = run().catch(() => undefined);
  return async () => {
    ending.abort();
    await running;
  };
}
