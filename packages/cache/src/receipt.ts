import type { Commit, KeyAddress, Scope } from '@lockstep/core';
import { CONTROL_PARTITION } from '@lockstep/core';

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
}

export function keyReceipt(kind: Receipt['kind'], address: KeyAddress, commit: Commit): Receipt {
  const { namespace, keyId, partition } = address;
  return { kind, target: { namespace, keyId }, committed: true, partition, ...positionOf(commit) };
}

export function scopeReceipt(scope: Scope, commit: Commit): Receipt {
  return { kind: 'clear', target: scope, committed: true, partition: CONTROL_PARTITION, ...positionOf(commit) };
}

function positionOf({ incarnation, sequence }: Commit): Pick<Receipt, 'incarnation' | 'sequence'> {
  return { incarnation, sequence };
}
