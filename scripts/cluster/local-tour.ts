import { claim, claimOneDiscoveryEach, discoveriesTogether, discoverOnAll, sourcesOf } from './claims.ts';
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
import type { Tour } from './tour.ts';

/** Shows what one node in local mode does. */
export async function tourLocal(tour: Tour, { nodes, gatewayKey }: Cluster): Promise<void> {
  if (!(await showHealth(tour, nodes))) return;
  const clients = await showClients(tour, nodes, gatewayKey);
  if (clients === undefined) return;
  try {
    await showListings(tour, clients);
    await tour.fact('it answers the tools of every server, each discovered once', async () => {
      const [found = {}] = await discoverOnAll(clients);
      await claimOneDiscoveryEach(clients);
      return MCP_SERVERS.map((name) => `${name} ${Object.keys(found[name]?.tools ?? {}).length}`).join(', ');
    });
    await showNearReads(tour, clients);
    await showEcho(tour, clients);
    await showWrongKey(tour, nodes);
    await showOwnClear(tour, clients);
  } finally {
    await Promise.allSettled(clients.map((client) => client.close()));
  }
  await showStop(tour, nodes);
}

async function showOwnClear(tour: Tour, clients: readonly GatewayClient[]): Promise<void> {
  await tour.fact('enkrypt_clear_cache makes it discover each server anew, once', async () => {
    const before = await discoveriesTogether(clients);
    await clients[0]?.clearCache();
    const [found = {}] = await discoverOnAll(clients);
    claim(
      MCP_SERVERS.every((name) => found[name]?.source === 'origin'),
      sourcesOf(found),
    );
    await claimOneDiscoveryEach(clients, before);
    return undefined;
  });
}
