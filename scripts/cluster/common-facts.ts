import { claim, discoverOnAll, sourcesOf } from './claims.ts';
import { GatewayClient } from './gateway-client.ts';
import { MCP_SERVERS } from './gateway-config.ts';
import type { GatewayNode } from './gateway-node.ts';
import { STOP_TIMEOUT_MS } from './gateway-node.ts';
import type { Tour } from './tour.ts';

/** `3 nodes are`, `the node is`. */
function countOf(nodes: readonly unknown[]): string {
  return nodes.length === 1 ? 'the node is' : `${nodes.length} nodes are`;
}

/** Each node answers at `/healthz`, and says `ready` at `/readyz`. */
export async function showHealth(tour: Tour, nodes: readonly GatewayNode[]): Promise<boolean> {
  return tour.fact(`${countOf(nodes)} healthy and ready`, async () => {
    for (const node of nodes) {
      claim(await node.isHealthy(), `${node.name} does not answer at /healthz`);
      const readiness = await node.readiness();
      claim(readiness?.status === 'ready', `${node.name} says ${JSON.stringify(readiness)}`);
    }
    return undefined;
  });
}

/** A client of the official SDK on each node; undefined when one cannot connect. */
export async function showClients(
  tour: Tour,
  nodes: readonly GatewayNode[],
  gatewayKey: string,
): Promise<readonly GatewayClient[] | undefined> {
  const clients: GatewayClient[] = [];
  const connected = await tour.fact('an MCP client connects to each node with the gateway key', async () => {
    for (const { url } of nodes) clients.push(await GatewayClient.connect(url, gatewayKey));
    return `MCP ${clients[0]?.protocolVersion}`;
  });
  return connected ? clients : undefined;
}

/** Each node lists the same tools of the gateway itself. */
export async function showListings(tour: Tour, clients: readonly GatewayClient[]): Promise<void> {
  const what = clients.length === 1 ? "the node lists the gateway's tools" : "each node lists the same gateway's tools";
  await tour.fact(what, async () => {
    const lists = await Promise.all(clients.map((client) => client.listTools()));
    const [first = []] = lists;
    claim(new Set(lists.map((list) => list.join())).size === 1, `they differ: ${lists.join(' | ')}`);
    claim(first.includes('enkrypt_discover_all_tools'), `the list is ${first.join(', ') || 'empty'}`);
    return `${first.length} tools`;
  });
}

/** A second read is answered by the near-cache. */
export async function showNearReads(tour: Tour, clients: readonly GatewayClient[]): Promise<void> {
  await tour.fact(
    `a second read ${clients.length === 1 ? 'comes' : 'on each node comes'} from its near-cache`,
    async () => {
      for (const [index, servers] of (await discoverOnAll(clients)).entries()) {
        const others = MCP_SERVERS.filter((name) => servers[name]?.source !== 'near');
        claim(others.length === 0, `on node ${index + 1}: ${sourcesOf(servers)}`);
      }
      return undefined;
    },
  );
}

/** A call reaches a tool of a server behind the gateway. */
export async function showEcho(tour: Tour, clients: readonly GatewayClient[]): Promise<void> {
  await tour.fact("a tool call reaches the server behind: everything's echo answers", async () => {
    for (const [index, client] of clients.entries()) {
      const message = `hello from node ${index + 1}`;
      const answer = await client.callTool('everything', 'echo', { message });
      claim(answer.includes(message), `node ${index + 1} answered ${JSON.stringify(answer)}`);
    }
    return undefined;
  });
}

/** A wrong key opens nothing. */
export async function showWrongKey(tour: Tour, nodes: readonly GatewayNode[]): Promise<void> {
  await tour.fact('a wrong gateway key, or none, gets 401', async () => {
    const body = JSON.stringify({ jsonrpc: '2.0', id: 1, method: 'tools/list' });
    const accept = { 'Content-Type': 'application/json', Accept: 'application/json, text/event-stream' };
    for (const { name, url } of nodes) {
      for (const credentials of [{ Authorization: 'Bearer a-wrong-key' }, {}]) {
        const headers = { ...accept, ...credentials };
        const answer = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(5_000) });
        await answer.body?.cancel();
        claim(answer.status === 401, `${name} answered ${answer.status}`);
      }
    }
    return undefined;
  });
}

/** SIGTERM ends each node by itself, with everything it started. */
export async function showStop(tour: Tour, nodes: readonly GatewayNode[]): Promise<void> {
  await tour.fact(
    `on SIGTERM, ${countOf(nodes)} gone with exit code 0 within ${STOP_TIMEOUT_MS / 1_000} s`,
    async () => {
      const stops = await Promise.all(nodes.map((node) => node.stop()));
      for (const [index, { code, signal, killed, orphans }] of stops.entries()) {
        const name = `node ${index + 1}`;
        claim(!killed, `${name} had to be killed`);
        claim(code === 0, `${name} ended with ${signal ?? `code ${code}`}`);
        claim(!orphans, `${name} left processes behind`);
      }
      return `the slowest took ${Math.round(Math.max(...stops.map(({ tookMs }) => tookMs)))} ms`;
    },
  );
}
