import type { Discovered, GatewayClient } from './gateway-client.ts';
import { MCP_SERVERS } from './gateway-config.ts';

/** Δ of the nodes, their default, in milliseconds: no answer may be older. */
export const STALENESS_MS_MAX = 2_000;
/** What the protocol allows clocks to differ by: Δ(1 + 1.1 ε) with ε = 1 %. */
const STALENESS_TOLERANCE = 1.011;
/** The server whose list is asked for again and again: its answer is the shortest. */
const PROBE = 'memory';

/** Fails with the reason unless the claim holds. */
export function claim(holds: boolean, otherwise: string): asserts holds {
  if (!holds) throw new Error(otherwise);
}

/** Every server's tools on every node, asked at once; rejects unless every node has every server. */
export async function discoverOnAll(clients: readonly GatewayClient[]): Promise<readonly Discovered[]> {
  const found = await Promise.all(clients.map((client) => client.discover()));
  for (const [index, servers] of found.entries()) {
    for (const name of MCP_SERVERS) {
      const { status, error } = servers[name] ?? { status: 'missing' };
      claim(status === 'success', `node ${index + 1} says of ${name}: ${error ?? status}`);
    }
  }
  return found;
}

/** The servers of one node's answer, by where the node had their tools from. */
export function sourcesOf(servers: Discovered): string {
  return MCP_SERVERS.map((name) => `${name} ${servers[name]?.source}`).join(', ');
}

/** How often the nodes together have asked each server for its tools, in the order of `MCP_SERVERS`. */
export async function discoveriesTogether(clients: readonly GatewayClient[]): Promise<readonly number[]> {
  const counts = await Promise.all(clients.map((client) => client.originDiscoveries()));
  return MCP_SERVERS.map((name) => counts.reduce((sum, count) => sum + (count[name] ?? 0), 0));
}

/** Fails unless each server has been asked exactly once since `before`, by all nodes together. */
export async function claimOneDiscoveryEach(
  clients: readonly GatewayClient[],
  before?: readonly number[],
): Promise<void> {
  const now = await discoveriesTogether(clients);
  const since = now.map((count, index) => count - (before?.[index] ?? 0));
  const told = MCP_SERVERS.map((name, index) => `${name} ${since[index]}`).join(', ');
  claim(
    since.every((count) => count === 1),
    `discoveries by all nodes together: ${told}; one of each was due`,
  );
}

/** What a clear came to. */
export interface Clear {
  /** From the clear's answer until the last of the other nodes had dropped what it held, in milliseconds. */
  readonly reachedMs: number;
}

/**
 * Makes every node hold the lists, clears on the first, and asks the others until none answers the old list. Rejects
 * when one still answers it to a question that began later than Δ allows.
 */
export async function clearOnFirst(clients: readonly GatewayClient[]): Promise<Clear> {
  const [first, ...others] = clients;
  if (first === undefined) throw new Error('there is no node');
  await discoverOnAll(clients);
  for (const [index, servers] of (await discoverOnAll(clients)).entries()) {
    claim(servers[PROBE]?.source === 'near', `node ${index + 1} does not hold the lists: ${sourcesOf(servers)}`);
  }
  await first.clearCache();
  const cleared = performance.now();
  const [own, ...reached] = await Promise.all([
    first.discoverOne(PROBE),
    ...others.map((client) => droppedAfter(client, cleared)),
  ]);
  claim(own.source !== 'near', 'the node that cleared answers the old list itself');
  return { reachedMs: Math.max(0, ...reached) };
}

/** Asks until the answer is no more the old one; when the first such question began, in ms after `cleared`. */
async function droppedAfter(client: GatewayClient, cleared: number): Promise<number> {
  for (;;) {
    const askedMs = performance.now() - cleared;
    const { source } = await client.discoverOne(PROBE);
    if (source !== 'near') return askedMs;
    claim(
      askedMs <= STALENESS_MS_MAX * STALENESS_TOLERANCE,
      `the old list was served ${Math.round(askedMs)} ms after the clear`,
    );
  }
}
