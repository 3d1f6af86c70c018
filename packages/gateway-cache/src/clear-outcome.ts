import type { Receipt } from '@lockstep/cache';
import type { GatewayNamespace } from './policies.ts';

/** What a part of a clear empties: one of the caches, or all of them. */
export type ClearedCache = GatewayNamespace | 'oauth-token' | 'everything';

/** What a clear came to, part by part. It is done where `unknown` is empty. */
export interface ClearOutcome {
  /** The parts that the tier has: every node follows. */
  readonly committed: readonly { readonly cache: ClearedCache; readonly receipt: Receipt }[];
  /**
   * The parts that the tier did not confirm. They may be cleared or not: a commit whose answer was lost, or came too
   * late, may have been made, or may still be.
   */
  readonly unknown: readonly { readonly cache: ClearedCache; readonly cause: unknown }[];
}

/** A part of a clear that is under way. */
export interface ClearPart {
  readonly cache: ClearedCache;
  readonly receipt: Promise<Receipt>;
}

/** Waits for every part, those after a failed one included. */
export async function clearOutcome(parts: readonly ClearPart[]): Promise<ClearOutcome> {
  const settled = await Promise.all(
    parts.map(({ cache, receipt }) =>
      receipt.then(
        (committed) => ({ cache, receipt: committed }),
        (cause: unknown) => ({ cache, cause }),
      ),
    ),
  );
  return {
    committed: settled.filter((part) => 'receipt' in part),
    unknown: settled.filter((part) => 'cause' in part),
  };
}
