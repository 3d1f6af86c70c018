// The near-cache
export type { NearEntry, NearRegion, NearRegionOptions } from './near-cache.ts';
export { endFreshness, isFreshnessEnded, NearCache } from './near-cache.ts';
