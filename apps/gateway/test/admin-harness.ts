import { AdminClient, AdminError } from '@lockstep/admin-client';
import { expect } from 'vitest';
import type { GatewayNode } from '../src/wiring.ts';
import type { ServerEntry } from './harness.ts';
import { configText } from './harness.ts';

/** The gateway of a file made by `configText`. */
export const GATEWAY = 'user-1_project-1_config-1';

const token = (name: string): string => `${name}-token-of-the-admin-api-of-these-tests`;

/** Who may do what in a file made by `adminText`. */
const TOKENS: Readonly<Record<TokenName, object>> = {
  operator: { role: 'operator' },
  viewer: { role: 'viewer' },
  // The rate of one is not that of another.
  eager: { role: 'viewer' },
  ofGateway: { role: 'operator', gateways: [GATEWAY] },
  ofTools: { role: 'operator', namespaces: ['tools'] },
};

type TokenName = 'operator' | 'viewer' | 'eager' | 'ofGateway' | 'ofTools';

/** A configuration file as `configText` makes it, with an admin API. */
export function adminText(servers: readonly ServerEntry[], lockstep: Readonly<Record<string, unknown>> = {}): string {
  const text = configText(servers, { adminPort: 0, ...lockstep });
  const tokens = Object.entries(TOKENS).map(([name, entry]) => [name, { ...entry, token: token(name) }]);
  return JSON.stringify({ ...JSON.parse(text), admin_tokens: Object.fromEntries(tokens) });
}

/** A client of a node's admin API. */
export function adminOf(node: GatewayNode | undefined, name: TokenName = 'operator'): AdminClient {
  return new AdminClient({ url: adminUrl(node), token: token(name) });
}

export function adminUrl(node: GatewayNode | undefined): string {
  if (node?.adminUrl === undefined) throw new Error('this node has no admin API');
  return node.adminUrl;
}

/** The header of a token. */
export function bearer(name: TokenName): { readonly authorization: string } {
  return { authorization: `Bearer ${token(name)}` };
}

/** Every token, for a search of what must not be found. */
export const SECRETS: readonly string[] = Object.keys(TOKENS).map(token);

/** What a call is refused with. */
export async function refusal(call: Promise<unknown>): Promise<AdminError> {
  const error = await call.then(
    () => undefined,
    (cause: unknown) => cause,
  );
  expect(error).toBeInstanceOf(AdminError);
  return error as AdminError;
}
