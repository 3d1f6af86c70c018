import type { Lockstep, Namespace, NamespaceOptions } from '@lockstep/cache';
import { openLockstep } from '@lockstep/cache';
import type { ChaosProxy, RunningServer } from '@lockstep/testkit';
import { createBusNetwork, startProxy, startRedis } from '@lockstep/testkit';
import { connectKeydb } from '@lockstep/tier-keydb';
import type { KeyvStoreOptions } from '../src/index.ts';
import { LockstepKeyvStore } from '../src/index.ts';

/** One node of a cluster, and the stores over its namespace. */
export interface TestNode extends AsyncDisposable {
  readonly lockstep: Lockstep;
  readonly namespace: Namespace<unknown>;
  store(options?: Partial<KeyvStoreOptions>): LockstepKeyvStore;
}

export interface ClusterNode extends TestNode {
  /** Between this node and the tier. */
  readonly proxy: ChaosProxy;
}

export interface TestCluster extends AsyncDisposable {
  readonly redis: RunningServer;
  readonly nodes: readonly [ClusterNode, ClusterNode];
}

/** A cache on one node. */
export async function localNode(options: NamespaceOptions = {}): Promise<TestNode> {
  return nodeOf(await openLockstep(), options);
}

/** Two nodes on one real tier, with a bus in this process. */
export async function startCluster(): Promise<TestCluster> {
  const redis = await startRedis();
  const network = createBusNetwork();
  const start = async (): Promise<ClusterNode> => {
    const proxy = await startProxy({ target: redis.url });
    const lockstep = await openLockstep({
      secret: 'a secret for tests, shared by all nodes',
      tier: connectKeydb({ url: proxy.url, cluster: 'test' }),
      bus: network.join(),
    });
    return { ...nodeOf(lockstep, {}), proxy };
  };
  const nodes = [await start(), await start()] as const;
  return {
    redis,
    nodes,
    async [Symbol.asyncDispose]() {
      await Promise.all(nodes.map(({ lockstep }) => lockstep.close()));
      await Promise.all(nodes.map(({ proxy }) => proxy.close()));
      await redis.stop();
    },
  };
}

function nodeOf(lockstep: Lockstep, options: NamespaceOptions): TestNode {
  const namespace = lockstep.namespace('keyv', options);
  return {
    lockstep,
    namespace,
    store: (given = {}) => new LockstepKeyvStore({ lockstep, namespace, ...given }),
    [Symbol.asyncDispose]: () => lockstep.close(),
  };
}
