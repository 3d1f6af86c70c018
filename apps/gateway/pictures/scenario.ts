import { setTimeout as delay } from 'node:timers/promises';
import type { InvalidationScope } from '@lockstep/admin-api';
import { GATEWAY } from '../test/admin-harness.ts';
import type { ObservedCluster, ObservedNode } from '../test/observed-cluster.ts';
import type { Episode } from './episode.ts';

const REASON = 'a scenario for pictures';
const SMALL_CLEAR_EVERY_MS = 4_000;
const BUS_AWAY_MS = 15_000;
const TIER_AWAY_MS = 20_000;
const PAUSE_MS = 15_000;
const CALM_MS = 25_000;

/** What is cleared or expired, and what that waits for. */
interface Wanted {
  readonly scope: InvalidationScope;
  readonly wait: 'committed' | 'fenced';
}

/** What a run of the scenario has seen. */
export interface Played {
  readonly episodes: readonly Episode[];
  /** When it began, in seconds since 1970, and how long it took. */
  readonly since: number;
  readonly seconds: number;
}

/**
 * Some minutes of a cluster's life: calm, a fenced clear of everything, a node without its bus, all without their tier, a
 * node that stands still; and all the time clears and expires of one server's tools, on one node after another.
 */
export async function play(cluster: ObservedCluster, servers: readonly string[]): Promise<Played> {
  const { nodes } = cluster;
  const [first, second, third] = nodes;
  await warmUp(nodes, servers);
  const since = Date.now() / 1_000;
  const episodes: Episode[] = [];
  const now = (): number => Date.now() / 1_000 - since;
  const during = async (what: string, act: () => Promise<unknown>): Promise<void> => {
    const from = now();
    await act();
    episodes.push({ what, from, to: Math.max(now(), from + 1) });
    await delay(CALM_MS);
  };
  const stop = clearNowAndThen(nodes, servers);
  await delay(CALM_MS);
  await during('fenced clear of everything', () =>
    invalidate(first, 'clear', { scope: { everything: true }, wait: 'fenced' }),
  );
  await during('gateway-3 has no bus', async () => {
    third.bus.cut();
    await delay(BUS_AWAY_MS);
    third.bus.restore();
  });
  await during('no node has the tier', async () => {
    for (const { tier } of nodes) tier.cut();
    await delay(TIER_AWAY_MS);
    for (const { tier } of nodes) tier.restore();
  });
  await during('gateway-2 stands still', async () => {
    second.process.child.kill('SIGSTOP');
    const fenced = invalidate(first, 'clear', { scope: toolsOf(servers[0] ?? ''), wait: 'fenced' });
    await delay(PAUSE_MS);
    await fenced;
    second.process.child.kill('SIGCONT');
  });
  await stop();
  return { episodes, since, seconds: now() };
}

/** The tools of one server. */
export function toolsOf(server: string): InvalidationScope {
  return { gateway: GATEWAY, cacheType: 'tools', server };
}

/** Clears or expires a scope on all nodes; rejects where that cannot be done. */
export async function invalidate(node: ObservedNode, verb: 'clear' | 'expire', wanted: Wanted): Promise<void> {
  await node.admin[verb]({ ...wanted, reason: REASON });
}

/** Does once what is counted later: Prometheus sees a counter rise only if it has seen it before. */
async function warmUp(nodes: ObservedCluster['nodes'], servers: readonly string[]): Promise<void> {
  const scope = toolsOf(servers[0] ?? '');
  for (const wait of ['committed', 'fenced'] as const) {
    for (const verb of ['clear', 'expire'] as const) {
      await Promise.all(nodes.map((node) => invalidate(node, verb, { scope, wait }).catch(() => undefined)));
    }
  }
}

/** Clears, and at times expires, the tools of one server after the other; answers how to end it. */
function clearNowAndThen(nodes: readonly ObservedNode[], servers: readonly string[]): () => Promise<void> {
  const ending = new AbortController();
  const run = async (): Promise<void> => {
    for (let turn = 0; ; turn++) {
      await delay(SMALL_CLEAR_EVERY_MS, undefined, { signal: ending.signal });
      const node = nodes[turn % nodes.length] as ObservedNode;
      const server = servers[turn % servers.length] ?? '';
      const [verb, wait] = [turn % 4 === 2 ? 'expire' : 'clear', turn % 5 === 4 ? 'fenced' : 'committed'] as const;
      // While the tier is away it is refused, and a node that stands still does not answer for a while.
      await invalidate(node, verb, { scope: toolsOf(server), wait }).catch(() => undefined);
    }
  };
  const running = run().catch(() => undefined);
  return async () => {
    ending.abort();
    await running;
  };
}
