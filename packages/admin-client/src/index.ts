// The client
export { AdminClient } from './admin-client.ts';
export type { AdminClientOptions, CallOptions } from './options.ts';

// Errors
export type { AdminClientErrorCode } from './admin-error.ts';
export { AdminError } from './admin-error.ts';
