// A cluster in memory
export type { TestClusterOptions, TestNodeOptions } from './test-cluster.ts';
export { createTestCluster, TestCluster } from './test-cluster.ts';
export { TestNode } from './test-node.ts';

// Its faults
export { TestBus } from './test-bus.ts';
export type { FailOverOptions } from './test-tier.ts';
export { TestTier } from './test-tier.ts';
