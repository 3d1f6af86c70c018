import type { NamespaceView, Status } from '@lockstep/admin-api';
import type { Namespace } from '@lockstep/cache';
import type { AdminCaches } from './caches.ts';
import type { NodeReports } from './node-reports.ts';
import { nearView } from './node-reports.ts';

/** `GET /status`: what the tier cannot be asked for is null. */
export async function status(caches: AdminCaches, reports: NodeReports): Promise<Status> {
  const { lockstep, services } = caches;
  const { positions: _, near: __, ...node } = reports.own();
  const [members, global, namespaces] = await Promise.all([
    orNull(lockstep.members()),
    services.cache.status(),
    Promise.all(caches.namespaces.map(async (namespace) => [namespace.name, await view(caches, namespace)] as const)),
  ]);
  const { cache_type, total_gateways, total_tool_caches, total_config_caches, redis_info } = global;
  return {
    mode: lockstep.mode,
    node: { id: lockstep.nodeId, ...node },
    members: members === null ? null : members.length,
    cache_type,
    total_gateways,
    total_tool_caches,
    total_config_caches,
    ...(redis_info === undefined ? {} : { redis_info }),
    namespaces: Object.fromEntries(namespaces),
    audit: { pending: services.audit.pending, dropped: services.audit.lost },
  };
}

async function view({ lockstep }: AdminCaches, namespace: Namespace<unknown>): Promise<NamespaceView> {
  return { entries: await orNull(lockstep.count(namespace.name)), near: nearView(namespace) };
}

function orNull<T>(answer: Promise<T>): Promise<T | null> {
  return answer.catch(() => null);
}
