// The tier
export { connectKeydb, KeydbTier } from './keydb-tier.ts';

// The end of a cluster
export { removeCluster } from './remove-cluster.ts';

// Its options
export type { KeydbState, KeydbTierOptions } from './options.ts';
