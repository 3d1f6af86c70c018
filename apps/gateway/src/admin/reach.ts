import type { ExplainQuery, InvalidationScope, Role, Route, WarmRequest } from '@lockstep/admin-api';
import type { AdminToken } from '@lockstep/config';
import { Refusal } from './refusal.ts';

/** Refuses what the token's role does not allow, and, where the token is limited, a route that concerns everything. */
export function refuseBeyondRole({ role, limits }: AdminToken, route: Route): void {
  if (!includes(role, route.role)) {
    throw new Refusal('forbidden', `This needs the role ${route.role}; the token has the role ${role}.`);
  }
  if (limits !== undefined && route.limited === 'refused') {
    throw new Refusal('forbidden', 'This concerns everything; the token is limited to namespaces or gateways.');
  }
}

/** Refuses a scope that a limited token does not cover: everything and tags never, the rest where it is named. */
export function refuseBeyondLimits(token: AdminToken, named: InvalidationScope | ExplainQuery | WarmRequest): void {
  const { limits } = token;
  if (limits === undefined) return;
  if ('gateway' in named && named.gateway !== undefined) {
    if (limits.gateways.includes(named.gateway)) return;
    throw new Refusal('forbidden', 'gateway: the token is limited, and this gateway is not among its gateways.');
  }
  if ('namespace' in named) {
    if (limits.namespaces.includes(named.namespace)) return;
    throw new Refusal('forbidden', 'namespace: the token is limited, and this namespace is not among its namespaces.');
  }
  throw new Refusal('forbidden', 'The token is limited: it takes a namespace or a gateway that it is limited to.');
}

function includes(has: Role, needs: Role): boolean {
  return has === needs || has === 'operator';
}
