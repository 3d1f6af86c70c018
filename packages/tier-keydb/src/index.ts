// The tier
export { connectKeydb, KeydbTier } from './keydb-tier.ts';

// Its options
export type { KeydbState, KeydbTierOptions } from './options.ts';
