import type { Lockstep, Namespace } from '@lockstep/cache';
import { openLockstep } from '@lockstep/cache';
import type { BusNetwork, ChaosProxy, RunningServer } from '@lockstep/testkit';
import { createBusNetwork, startProxy, startRedis } from '@lockstep/testkit';
import { connectKeydb } from '@lockstep/tier-keydb';
import type { ClientOptions } from '@modelcontextprotocol/client';
import { Client, StreamableHTTPClientTransport } from '@modelcontextprotocol/client';
import type { ResponseStoreOptions, StoredResponse } from '../src/index.ts';
import { LockstepResponseStore } from '../src/index.ts';
import type { Origin } from './origin.ts';

/** A replica of a host that runs MCP clients: a node of the cluster, with its own way to the tier. */
export interface Host {
  readonly lockstep: Lockstep;
  readonly namespace: Namespace<StoredResponse>;
  readonly proxy: ChaosProxy;
  /** What its clients reported: a store that fails costs nothing but this. */
  readonly errors: Error[];
  /** A client that is connected to the server, in this process, over Streamable HTTP. */
  connect(origin: Origin, given?: ConnectOptions): Promise<Client>;
}

interface ConnectOptions {
  readonly store?: Partial<ResponseStoreOptions>;
  readonly client?: ClientOptions;
}

export interface Hosts extends AsyncDisposable {
  readonly redis: RunningServer;
  readonly network: BusNetwork;
  readonly hosts: readonly [Host, Host];
}

/** Two replicas on one real tier, with a bus in this process. */
export async function startHosts(): Promise<Hosts> {
  const redis = await startRedis();
  const network = createBusNetwork();
  const clients: Client[] = [];
  const start = async (): Promise<Host> => {
    const proxy = await startProxy({ target: redis.url });
    const lockstep = await openLockstep({
      secret: 'a secret for tests, shared by all nodes',
      tier: connectKeydb({ url: proxy.url, cluster: 'test' }),
      bus: network.join(),
    });
    const namespace = lockstep.namespace<StoredResponse>('mcp-responses');
    const errors: Error[] = [];
    const connect = async (origin: Origin, { store, client: options }: ConnectOptions = {}): Promise<Client> => {
      const client = new Client(
        { name: 'host', version: '1.0.0' },
        {
          responseCacheStore: new LockstepResponseStore({ lockstep, namespace, server: 'origin', ...store }),
          versionNegotiation: { mode: 'auto' },
          ...options,
        },
      );
      client.onerror = (error) => void errors.push(error);
      await client.connect(new StreamableHTTPClientTransport(origin.url, { fetch: origin.fetch }));
      clients.push(client);
      return client;
    };
    return { lockstep, namespace, proxy, errors, connect };
  };
  const hosts = [await start(), await start()] as const;
  return {
    redis,
    network,
    hosts,
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.close().catch(() => undefined)));
      await Promise.all(hosts.map(({ lockstep }) => lockstep.close()));
      await Promise.all(hosts.map(({ proxy }) => proxy.close()));
      await redis.stop();
    },
  };
}

/** The names of the tools that a client is told of. */
export async function toolNames(client: Client): Promise<string[]> {
  return (await client.listTools()).tools.map(({ name }) => name);
}

/** A promise and the means to settle it. */
export function gate(): { readonly passed: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: resolve };
}
