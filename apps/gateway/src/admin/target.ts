import type { InvalidationScope } from '@lockstep/admin-api';
import type { ClearedCache, ClearRequest } from '@lockstep/gateway-cache';
import { parseCacheType } from '@lockstep/gateway-cache';
import type { AdminCaches } from './caches.ts';
import { Refusal } from './refusal.ts';

/** What a scope is, here: a clear in the words of the gateway's caches, a tag, a namespace, or one of its keys. */
export type Target =
  | { readonly cache: ClearedCache | 'tag'; readonly request: ClearRequest }
  | { readonly cache: 'tag'; readonly tag: string }
  | { readonly cache: string; readonly namespace: string; readonly key: string | undefined };

/** What a scope of the contract is, here; refuses what is not there. */
export function targetOf(caches: AdminCaches, scope: InvalidationScope): Target {
  if ('everything' in scope) return { cache: 'everything', request: { type: 'all' } };
  if ('tag' in scope) return { cache: 'tag', tag: scope.tag };
  if ('namespace' in scope) {
    const { name } = caches.namespace(scope.namespace);
    return { cache: name, namespace: name, key: 'key' in scope ? scope.key : undefined };
  }
  const gateway = caches.gateway(scope.gateway);
  const { server, cacheType = 'all' } = scope;
  const type = parseCacheType(cacheType);
  if (type === undefined) throw new Refusal('request-invalid', `cacheType: got ${cacheType}`);
  if (server !== undefined) caches.server(gateway, server);
  const ref = caches.services.keyRing.refOf(gateway);
  const request: ClearRequest = { type, gateway: ref, ...(server === undefined ? {} : { serverName: server }) };
  return { cache: 'everything', request };
}
