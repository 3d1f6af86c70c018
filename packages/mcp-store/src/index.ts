// The store that a client of the MCP SDK takes
export type { ResponseStoreOptions } from './response-store.ts';
export type { StoredResponse } from './stored-response.ts';
export { LockstepResponseStore } from './response-store.ts';
