import type { BusNetwork, ChaosProxy, MemoryBus, RunningServer } from '@lockstep/testkit';
import { createBusNetwork, startProxy, startRedis, waitFor } from '@lockstep/testkit';
import type { KeydbTier } from '@lockstep/tier-keydb';
import { connectKeydb } from '@lockstep/tier-keydb';
import type { Lockstep, LockstepOptions, Namespace, NamespaceOptions } from '../src/index.ts';
import { openLockstep } from '../src/index.ts';

/** One node of a test's cluster. */
export interface TestNode {
  readonly lockstep: Lockstep;
  readonly bus: MemoryBus;
  /** Between this node and the tier. */
  readonly proxy: ChaosProxy;
  readonly tools: Namespace<string>;
}

/** Nodes on one real tier, with a bus whose faults the test decides. */
export interface TestCluster extends AsyncDisposable {
  readonly redis: RunningServer;
  readonly network: BusNetwork;
  readonly nodes: readonly TestNode[];
}

/** What a test may vary. */
export interface TestClusterOptions {
  readonly nodes?: number;
  readonly node?: Partial<LockstepOptions>;
  readonly tools?: NamespaceOptions;
}

const SECRET = 'a secret for tests, shared by all nodes';

/** Starts a tier and opens the nodes; every node has its own way to the tier. */
export async function startCluster(options: TestClusterOptions = {}): Promise<TestCluster> {
  const redis = await startRedis();
  const network = createBusNetwork();
  const nodes: TestNode[] = [];
  for (let index = 0; index < (options.nodes ?? 2); index++) nodes.push(await startNode(redis, network, options));
  return {
    redis,
    network,
    nodes,
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map(({ lockstep }) => lockstep.close()));
      await Promise.all(nodes.map(({ proxy }) => proxy.close()));
      await redis.stop();
    },
  };
}

/** Opens one more node on a cluster's tier and bus. */
export async function startNode(
  redis: RunningServer,
  network: BusNetwork,
  options: TestClusterOptions,
): Promise<TestNode> {
  const proxy = await startProxy({ target: redis.url });
  const bus = network.join();
  const tier: KeydbTier = connectKeydb({ url: proxy.url, cluster: 'test' });
  const lockstep = await openLockstep({ secret: SECRET, tier, bus, maxStaleness: 400, ...options.node });
  return { lockstep, bus, proxy, tools: lockstep.namespace<string>('tools', { ttl: 60_000, ...options.tools }) };
}

/** Loads a key on a node, so that its near-cache holds it. */
export async function warm(node: TestNode, key: string, value: string): Promise<void> {
  await waitFor(
    async () => {
      await node.tools.getOrLoad(key, () => value);
      return node.tools.peek(key) !== undefined;
    },
    { what: `key ${key} in the near-cache` },
  );
}

/** A promise and the means to settle it: a loader's that a test lets go on when it wants. */
export function gate(): { readonly passed: Promise<void>; open(): void } {
  const { promise, resolve } = Promise.withResolvers<void>();
  return { passed: promise, open: resolve };
}
