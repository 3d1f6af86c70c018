// The near-cache
export type { NearEntry, NearRegion, NearRegionOptions } from './near-cache.ts';
export { NearCache } from './near-cache.ts';
