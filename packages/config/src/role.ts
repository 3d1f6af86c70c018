/** What a holder may do with the caches: a `viewer` looks at them, an `operator` also clears them. */
export type KeyRole = 'viewer' | 'operator';
