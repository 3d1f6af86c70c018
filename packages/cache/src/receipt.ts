import type { Commit, KeyAddress, Scope } from '@lockstep/core';
import { CONTROL_PARTITION } from '@lockstep/core';
import type { Fence } from './fenced-clear.ts';

/** What a write did, and where in the tier's history it stands. */
export interface Receipt {
  readonly kind: 'put' | 'clear' | 'expire';
  /** The scope that was cleared; for one key, its namespace and the id that stands for it. */
  readonly target: Scope | { readonly namespace: string; readonly keyId: string };
  /** The tier has it: every node will apply it, at the latest with its next heartbeat. */
  readonly committed: true;
  readonly partition: number;
  readonly incarnation: string;
  readonly sequence: number;
  /** Where the clear was fenced: how it is certain that no node can serve the older value. */
  readonly fence?: Fence;
}

/** Options of a clear. */
export interface ClearOptions {
  /**
   * `committed`: resolve once the tier has it; other nodes follow, usually a bus hop later and at the latest within Δ.
   * `fenced`: resolve once no node can serve the older value unmarked: when every member has acknowledged it, or at
   * the latest after a little more than `deltaMaxMs`. Default: `committed`.
   */
  readonly wait?: 'committed' | 'fenced';
}

/** What is known of a clear that was made: its commit, and its fence, if one was asked for. */
export interface Cleared {
  readonly commit: Commit;
  readonly fence?: Fence | undefined;
}

export function keyReceipt(kind: Receipt['kind'], address: KeyAddress, cleared: Cleared): Receipt {
  const { namespace, keyId, partition } = address;
  return { kind, target: { namespace, keyId }, committed: true, partition, ...positionOf(cleared) };
}

export function scopeReceipt(scope: Scope, cleared: Cleared): Receipt {
  return { kind: 'clear', target: scope, committed: true, partition: CONTROL_PARTITION, ...positionOf(cleared) };
}

function positionOf({ commit, fence }: Cleared): Pick<Receipt, 'incarnation' | 'sequence' | 'fence'> {
  const { incarnation, sequence } = commit;
  return { incarnation, sequence, ...(fence && { fence }) };
}
