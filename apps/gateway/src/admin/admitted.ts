import type { RouteName, RouteTypes } from '@lockstep/admin-api';
import type { AdminToken } from '@lockstep/config';
import type { Context } from 'hono';

/** One request that was let in. */
export interface Admitted<N extends RouteName> {
  readonly context: Context;
  readonly token: AdminToken;
  readonly query: RouteTypes[N]['query'];
  readonly body: RouteTypes[N]['body'];
}
