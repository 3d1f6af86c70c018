import type { Lockstep } from '@lockstep/cache';
import type { StoredResponse } from '@lockstep/mcp-store';
import { LockstepResponseStore } from '@lockstep/mcp-store';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';

export async function main(lockstep: Lockstep, url: URL, subject: string): Promise<void> {
  const namespace = lockstep.namespace<StoredResponse>('mcp-responses'); // one for all servers of the host

  const responseCacheStore = new LockstepResponseStore({
    lockstep,
    namespace,
    server: url.href, // what this host calls the server: never what the server calls itself
    principal: subject, // whose authorisation the client carries
  });
  const versionNegotiation = { mode: 'auto' } as const; // servers say how long a list may be kept since 2026
  const client = new Client({ name: 'host', version: '1.0.0' }, { responseCacheStore, versionNegotiation });
  await client.connect(new StreamableHTTPClientTransport(url));

  await client.listen({ toolsListChanged: true });

  // Asked once for all replicas, for as long as the server allows, and anew after any of them has heard of a change.
  const { tools } = await client.listTools();
  console.log(tools.length);

  await responseCacheStore.evict('tools/list'); // of this server, for all principals, on every replica
}
