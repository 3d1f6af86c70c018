import {
  claim,
  claimOneDiscoveryEach,
  clearOnFirst,
  discoveriesTogether,
  discoverOnAll,
  STALENESS_MS_MAX,
  sourcesOf,
} from './claims.ts';
import type { Cluster } from './cluster.ts';
import {
  showClients,
  showEcho,
  showHealth,
  showListings,
  showNearReads,
  showStop,
  showWrongKey,
} from './common-facts.ts';
import type { GatewayClient } from './gateway-client.ts';
import { MCP_SERVERS } from './gateway-config.ts';
import type { GatewayNode } from './gateway-node.ts';
import type { Server } from './server.ts';
import type { Servers } from './servers.ts';
import type { Tour } from './tour.ts';
import { elapsed } from './waiting.ts';

/** What the facts are shown on. */
interface Scene {
  readonly tour: Tour;
  readonly nodes: readonly GatewayNode[];
  readonly clients: readonly GatewayClient[];
  readonly signal: AbortSignal;
}

/** Shows what a cluster promises, ending with the end of its nodes. */
export async function tourCluster(
  tour: Tour,
  { nodes, servers, gatewayKey }: Cluster,
  signal: AbortSignal,
): Promise<void> {
  if (!(await showHealth(tour, nodes))) return;
  const clients = await showClients(tour, nodes, gatewayKey);
  if (clients === undefined) return;
  const scene: Scene = { tour, nodes, clients, signal };
  try {
    await showListings(tour, clients);
    await showDiscovery(scene);
    await showNearReads(tour, clients);
    await showEcho(tour, clients);
    await showWrongKey(tour, nodes);
    await showClear(scene);
    if (servers !== undefined) await showFaults(scene, servers);
  } finally {
    await Promise.allSettled(clients.map((client) => client.close()));
  }
  await showStop(tour, nodes);
}

async function showDiscovery({ tour, clients }: Scene): Promise<void> {
  await tour.fact('asked at once, the nodes answer the same tools of every server', async () => {
    const found = await discoverOnAll(clients);
    const lists = found.map((node) => JSON.stringify(MCP_SERVERS.map((name) => node[name]?.tools)));
    claim(new Set(lists).size === 1, 'the nodes answer different tools');
    return MCP_SERVERS.map((name) => `${name} ${Object.keys(found[0]?.[name]?.tools ?? {}).length}`).join(', ');
  });
  await tour.fact('together they discovered each server exactly once', async () => {
    await claimOneDiscoveryEach(clients);
    return `${MCP_SERVERS.length} discoveries for ${clients.length} nodes`;
  });
}

async function showClear({ tour, clients }: Scene): Promise<void> {
  const before = await discoveriesTogether(clients);
  await tour.fact('enkrypt_clear_cache on node 1 empties the near-caches of the others', async () => {
    const { reachedMs } = await clearOnFirst(clients);
    return `they no longer served the old lists ${reachedMs.toFixed(1)} ms after its answer`;
  });
  await tour.fact('after it, the nodes discovered each server anew, together once', async () => {
    await discoverOnAll(clients);
    await claimOneDiscoveryEach(clients, before);
    return undefined;
  });
}

async function showFaults(scene: Scene, { tier, bus }: Servers): Promise<void> {
  const lost: Server[] = [];
  if (bus === undefined) scene.tour.skip('killing the bus', 'there is none');
  else if (bus.fault === undefined)
    scene.tour.skip('killing the bus', 'it was given by its URL, and is not ours to stop');
  else {
    await showLostBus(scene, bus.fault);
    lost.push(bus);
  }
  if (tier.fault === undefined) scene.tour.skip('killing the tier', 'it was given by its URL, and is not ours to stop');
  else {
    await showLostTier(scene, tier.fault);
    lost.push(tier);
  }
  if (lost.length > 0) await showReturn(scene, lost);
}

async function showLostBus({ tour, clients }: Scene, fault: NonNullable<Server['fault']>): Promise<void> {
  await tour.fact('with the bus killed, the nodes answer', async () => {
    await fault.kill();
    const since = performance.now();
    await discoverOnAll(clients);
    return `in ${elapsed(since)}`;
  });
  await tour.fact(`a clear made then reaches the others within ${STALENESS_MS_MAX} ms`, async () => {
    const { reachedMs } = await clearOnFirst(clients);
    return `it took ${Math.round(reachedMs)} ms, by the tier's log`;
  });
}

async function showLostTier(scene: Scene, fault: NonNullable<Server['fault']>): Promise<void> {
  const { tour, nodes, clients, signal } = scene;
  await tour.fact('with the tier killed, the nodes answer', async () => {
    await fault.kill();
    const since = performance.now();
    await discoverOnAll(clients);
    return `in ${elapsed(since)}`;
  });
  await tour.fact('they say that they are degraded, and mark their answers', async () => {
    await Promise.all(nodes.map((node) => node.untilSays('degraded', signal)));
    for (const [index, servers] of (await discoverOnAll(clients)).entries()) {
      const unmarked = MCP_SERVERS.filter((name) => servers[name]?.degraded !== true);
      claim(unmarked.length === 0, `node ${index + 1} does not mark its answer about ${unmarked.join(', ')}`);
    }
    return sourcesOf((await discoverOnAll(clients))[0] ?? {});
  });
  await showEcho(tour, clients);
  await tour.fact('a clear that the tier cannot commit is refused, not promised', async () => {
    const [first] = clients;
    const outcome = await first?.clearCache().then(
      () => 'success',
      () => 'refused',
    );
    claim(outcome === 'refused', 'the node answered that it has cleared');
    return undefined;
  });
}

async function showReturn({ tour, nodes, clients, signal }: Scene, lost: readonly Server[]): Promise<void> {
  await tour.fact('with both back on their ports, the nodes are coherent again', async () => {
    await Promise.all(lost.map(({ fault }) => fault?.restart()));
    const since = performance.now();
    await Promise.all(nodes.map((node) => node.untilSays('ready', signal)));
    return `${elapsed(since)} after the servers were`;
  });
  await tour.fact('a clear reaches the others again', async () => {
    const { reachedMs } = await clearOnFirst(clients);
    return `${reachedMs.toFixed(1)} ms after its answer`;
  });
}
