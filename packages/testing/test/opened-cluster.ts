import type { Namespace } from '@lockstep/cache';
import { onTestFinished } from 'vitest';
import type { TestCluster, TestClusterOptions, TestNode } from '../src/index.ts';
import { createTestCluster } from '../src/index.ts';

type ThreeOf<T> = [T, T, T];

/** A cluster of a test. */
interface Opened {
  readonly cluster: TestCluster;
  readonly nodes: ThreeOf<TestNode>;
  readonly tools: ThreeOf<Namespace<string>>;
}

/** Three nodes, and the namespace that each has open; closed with the test. */
export async function opened(options: TestClusterOptions = {}): Promise<Opened> {
  const cluster: TestCluster = await createTestCluster(options);
  onTestFinished(() => cluster[Symbol.asyncDispose]());
  const nodes = [...cluster.nodes];
  const tools = nodes.map(({ lockstep }) => lockstep.namespace<string>('tools', { ttl: '1m', grace: '10m' }));
  return { cluster, nodes: nodes as ThreeOf<TestNode>, tools: tools as ThreeOf<Namespace<string>> };
}
