import type { Commit, Head, KeyAddress, Scope } from '@lockstep/core';
import { ConfigError } from '@lockstep/core';
import type { Replicas } from './durability.ts';
import type { Fence } from './fenced-clear.ts';

/** What a write did, and where in the tier's history it stands. */
export interface Receipt {
  readonly kind: 'put' | 'clear' | 'expire';
  /** The scope that was cleared or expired; for one key, its namespace and the id that stands for it. */
  readonly target: Scope | { readonly namespace: string; readonly keyId: string };
  /** The tier has it: every node will apply it, at the latest with its next heartbeat. */
  readonly committed: true;
  readonly partition: number;
  readonly incarnation: string;
  readonly sequence: number;
  /** Where it was fenced: how it is certain that no node can serve the older value. */
  readonly fence?: Fence;
  /** Where the node has `durability`: how many replicas of the tier's primary have it. */
  readonly replicas?: Replicas;
}

/** How a write by version ended: committed, or nothing was written, because the tier's entry has this version; empty: it has none. */
export type Compared =
  | { readonly committed: true; readonly receipt: Receipt }
  | { readonly committed: false; readonly version: string };

/** A clear or expire that waits for the tier: see `allowDegraded`, and `wait: 'local'`. */
export interface QueuedReceipt {
  readonly kind: 'clear' | 'expire';
  readonly target: Receipt['target'];
  /** The tier does not have it yet: nodes that the bus did not reach, and new ones, do not know of it. */
  readonly committed: false;
  readonly queued: true;
}

/** Options of a clear or an expire. */
export interface ClearOptions {
  /**
   * `committed`: resolve once the tier has it; other nodes follow, usually a bus hop later and at the latest within Δ.
   * `fenced`: resolve once no node can serve the older value unmarked: when every member has acknowledged it, or at
   * the latest after a little more than `deltaMax`; always so long while this node has been connected to the tier for less
   * than that. `local`: resolve once it is in effect on this node; it is committed right after, in the background, and
   * before this node reads or writes a value in its place. Default: `committed`.
   */
  readonly wait?: 'local' | 'committed' | 'fenced';
  /**
   * What happens while the tier is away. Off: it is refused, with `tier-unavailable`. On: it takes effect here
   * and on the nodes that the bus reaches, and is queued, in this process alone, until the tier has it; the receipt
   * says `committed: false`. Default: false.
   */
  readonly allowDegraded?: boolean;
}

/** Options with which a clear or an expire is committed when it resolves. */
export interface CommittedOptions extends ClearOptions {
  readonly wait?: 'committed' | 'fenced';
  readonly allowDegraded?: false;
}

/** Completes the options of a clear or an expire; a misspelt `wait` must not pass for `committed`. */
export function checkedClearOptions(options: ClearOptions): Required<ClearOptions> {
  const { wait = 'committed', allowDegraded = false } = options;
  if (wait === 'local' || wait === 'committed' || wait === 'fenced') return { wait, allowDegraded };
  throw new ConfigError(`wait: got ${JSON.stringify(wait)}, takes "local", "committed" or "fenced"`);
}

/** What is known of a write that was made: its commit, its fence and its replicas, if they were asked for. */
export interface Spread {
  readonly commit: Commit;
  readonly fence?: Fence | undefined;
  readonly replicas?: Replicas | undefined;
}

export function receiptOf(
  what: Pick<Receipt, 'kind' | 'target' | 'partition'>,
  { commit, fence, replicas }: Spread,
): Receipt {
  const { kind, target, partition } = what;
  const { incarnation, sequence }: Head = commit;
  return {
    kind,
    target,
    committed: true,
    partition,
    incarnation,
    sequence,
    ...(fence && { fence }),
    ...(replicas && { replicas }),
  };
}

/** How a receipt names one key. */
export function keyTarget({ namespace, keyId }: KeyAddress): Receipt['target'] {
  return { namespace, keyId };
}
