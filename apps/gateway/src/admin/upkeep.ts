import type { SweepReport, SweepRequest, WarmedServer, WarmProgress, WarmRequest } from '@lockstep/admin-api';
import type { AdminToken, GatewayDefinition, ServerDefinition } from '@lockstep/config';
import type { AdminCaches } from './caches.ts';
import { refuseBeyondLimits } from './reach.ts';

/** How many servers are warmed at once. */
const AT_ONCE = 8;

/** `POST /sweep`: takes from the tier what a clear of a scope has killed; written down. */
export async function sweep(caches: AdminCaches, token: AdminToken, request: SweepRequest): Promise<SweepReport> {
  const { limit = 10_000, cursor } = request;
  const report = await caches.lockstep.sweep({ limit, ...(cursor === undefined ? {} : { cursor }) });
  const { scanned, reclaimed } = report;
  await caches.services.audit.record({
    actor: `admin:${token.name}`,
    action: 'sweep',
    scope: request,
    reason: 'a sweep',
    outcome: { state: 'done', receipts: [], scanned, reclaimed },
  });
  return { ...report, cursor: report.cursor ?? null };
}

/** Which servers are to be warmed; refuses what is not there, or not for this token. */
export function serversToWarm(caches: AdminCaches, token: AdminToken, request: WarmRequest): readonly ToWarm[] {
  refuseBeyondLimits(token, request);
  const { gateway: id, server } = request;
  const gateways = id === undefined ? caches.services.keyRing.gateways() : [caches.gateway(id)];
  return gateways.flatMap((gateway) => {
    const servers = server === undefined ? gateway.servers : [caches.server(gateway, server)];
    return servers.map((definition) => ({ gateway, server: definition }));
  });
}

/** A server that is to be warmed. */
export interface ToWarm {
  readonly gateway: GatewayDefinition;
  readonly server: ServerDefinition;
}

/** `POST /warm`: discovers tools where no cache has them, a few servers at a time; tells of each, and of the end. */
export async function warm(
  caches: AdminCaches,
  servers: readonly ToWarm[],
  { tell, signal }: { readonly tell: (progress: WarmProgress) => Promise<void>; readonly signal: AbortSignal },
): Promise<void> {
  const counts = { success: 0, error: 0 };
  await tell({ type: 'started', servers: servers.length });
  const queue = [...servers];
  const lane = async (): Promise<void> => {
    for (let next = queue.shift(); next !== undefined && !signal.aborted; next = queue.shift()) {
      const warmed = await discovered(caches, next);
      counts[warmed.status === 'success' ? 'success' : 'error']++;
      await tell(warmed);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, lane));
  if (!signal.aborted) await tell({ type: 'done', succeeded: counts.success, failed: counts.error, pending: 0 });
}

async function discovered({ services }: AdminCaches, { gateway, server }: ToWarm): Promise<WarmedServer> {
  const startMs = performance.now();
  const found = await services.discovery.find(gateway, server);
  const of = { type: 'server', gateway: gateway.id, server: server.name } as const;
  const tookMs = Math.round(performance.now() - startMs);
  if (found.status === 'error') return { ...of, status: 'error', code: found.code, tookMs };
  return { ...of, status: 'success', tools: found.tools.length, source: found.source, tookMs };
}
