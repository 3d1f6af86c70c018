import type { CacheScope } from '@modelcontextprotocol/client';

/** A response as the namespace holds it. */
export interface StoredResponse {
  readonly value: string;
  readonly stamp: number;
  readonly scope: CacheScope;
}
