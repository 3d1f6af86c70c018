// The store that a Keyv takes
export type { KeyvStoreEntry, KeyvStoreOptions } from './keyv-store.ts';
export { LockstepKeyvStore } from './keyv-store.ts';
