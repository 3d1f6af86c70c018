import { AdminClient, AdminError } from '@lockstep/admin-client';
import type { RunningServer } from '@lockstep/testkit';
import { startNats, startRedis, waitFor } from '@lockstep/testkit';
import { expect } from 'vitest';
import type { GatewayNode } from '../src/wiring.ts';
import type { ServerEntry, TestClient } from './harness.ts';
import { configText, connectClient, SECRET, sources, startTestNode } from './harness.ts';
import { Origin } from './mcp-origin.ts';

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

type AdminNode = Pick<GatewayNode, 'adminUrl'>;

/** A client of a node's admin API. */
export function adminOf(node: AdminNode | undefined, name: TokenName = 'operator'): AdminClient {
  return new AdminClient({ url: adminUrl(node), token: token(name) });
}

export function adminUrl(node: AdminNode | undefined): string {
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

/** Two nodes with an admin API on one tier and one bus, an MCP server behind them, and a client of each. */
export interface AdminCluster {
  readonly tier: RunningServer;
  readonly origin: Origin;
  /** The configuration of every node. */
  readonly text: string;
  readonly nodes: readonly [GatewayNode, GatewayNode];
  readonly clients: readonly [TestClient, TestClient];
  /** Resolves when both nodes have the list of the server near. */
  bothNear(): Promise<unknown>;
  stop(): Promise<void>;
}

export async function startAdminCluster(): Promise<AdminCluster> {
  const [tier, bus, origin] = await Promise.all([startRedis({ persistent: true }), startNats(), new Origin().start()]);
  const settings = { tierUrl: tier.url, busUrl: bus.url, secret: SECRET, maxStalenessMs: 1_000 };
  const text = adminText([origin.entry('origin')], settings);
  const nodes = await Promise.all([startTestNode(text), startTestNode(text)]);
  const clients = await Promise.all([connectClient(nodes[0].url), connectClient(nodes[1].url)]);
  const bothNear = () =>
    waitFor(
      async () => {
        const answers = await Promise.all(clients.map((client) => client.call('enkrypt_discover_all_tools')));
        return answers.every((answer) => sources(answer)['origin'] === 'near');
      },
      { what: 'the list on both nodes' },
    );
  const stop = async (): Promise<void> => {
    await Promise.all(clients.map((client) => client.close()));
    await Promise.all(nodes.map((node) => node.close()));
    await Promise.all([origin.stop(), tier.stop(), bus.stop()]);
  };
  return { tier, origin, text, nodes, clients, bothNear, stop };
}
