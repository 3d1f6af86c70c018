import { openLockstep } from '@lockstep/cache';
import { GatewayCache } from '@lockstep/gateway-cache';

interface Tool {
  readonly name: string;
}

export async function main(ask: (signal: AbortSignal) => Promise<Tool[]>): Promise<void> {
  await using lockstep = await openLockstep(); // with a tier and a bus: one cache for all nodes
  const times = { toolsTtlMs: 4 * 3_600_000, gatewayConfigTtlMs: 24 * 3_600_000, discoveryTimeoutMs: 20_000 };
  const cache = new GatewayCache<{ servers: string[] }, Tool>({ lockstep, times });

  // One discovery for all nodes; a failed one is not kept.
  const server = { configId: 'main', serverName: 'github', fingerprint: 'how it is reached' };
  const asked = { ...server, principal: 'whose credentials it is asked with', believesPublic: false };
  const found = await cache.tools(asked, async (signal) => ({ tools: await ask(signal) }));
  if (found.outcome !== 'miss') console.log(found.value.tools.length, found.source);

  const gateway = { gatewayId: 'user_project_main', configId: 'main', keys: [] };
  await cache.clear({ type: 'tools', gateway, serverName: 'github' }); // on every node
  console.log((await cache.status()).total_tool_caches);
}
