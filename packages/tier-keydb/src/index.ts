// The tier
export { connectKeydb, KeydbTier } from './keydb-tier.ts';

// The end of a cluster
export { removeCluster } from './remove-cluster.ts';

// Its options
export type { KeydbState, KeydbTierOptions } from './options.ts';
export type { KeydbTls } from './tls.ts';

// What a server says of itself
export type { KeydbPersistence, KeydbReplica, KeydbReport } from './probe.ts';
export { probeKeydb } from './probe.ts';
