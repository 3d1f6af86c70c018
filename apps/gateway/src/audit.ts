import type { AuditMark, Receipt as EventReceipt } from '@lockstep/admin-api';
import type { Receipt } from '@lockstep/cache';
import { CONTROL_PARTITION } from '@lockstep/core';
import type { AuditEntry, AuditTrail, ClearOutcome, Recorded } from '@lockstep/gateway-cache';

/** What a record of a clear or an expire has as its outcome. */
export interface RecordedOutcome {
  /** `unknown`: the tier did not confirm all of it. */
  readonly state: 'done' | 'unknown';
  readonly receipts: readonly EventReceipt[];
  /** The parts that the tier did not confirm. */
  readonly unknown?: readonly string[];
}

/** Writes a clear or an expire down, whoever asked for it, with what came of it. Never rejects. */
export function recordClear(
  audit: AuditTrail,
  asked: Omit<AuditEntry, 'outcome'>,
  { committed, unknown }: ClearOutcome,
): Promise<Recorded> {
  const parts = [...new Set(unknown.map(({ cache }) => cache))];
  const outcome: RecordedOutcome = {
    state: parts.length === 0 ? 'done' : 'unknown',
    receipts: committed.map(({ cache, receipt }) => eventReceipt(cache, receipt)),
    ...(parts.length > 0 && { unknown: parts }),
  };
  return audit.record({ ...asked, outcome });
}

/** An event of the tier, without what names a key or a tag. */
export function eventReceipt(cache: string, receipt: Receipt): EventReceipt {
  const { partition, incarnation, sequence, fence, replicas } = receipt;
  return {
    cache,
    partition: partition === CONTROL_PARTITION ? 'control' : partition,
    incarnation,
    sequence,
    ...(fence && { fence }),
    ...(replicas && { replicas }),
  };
}

/** How often what waits for the tier is tried again. */
const FLUSH_MS = 1_000;

/** Writes what waits for the tier, again and again; answers what ends that. */
export function flushRegularly(audit: AuditTrail): () => void {
  const timer = setInterval(() => {
    if (audit.pending > 0) void audit.flush();
  }, FLUSH_MS).unref();
  return () => clearInterval(timer);
}

/** Where an entry is, in the words of the contract. */
export function auditMark(recorded: Recorded): AuditMark {
  switch (recorded.audit) {
    case 'recorded':
      return { state: 'recorded', sequence: recorded.number };
    case 'pending':
      return { state: 'pending' };
    case 'lost':
      return { state: 'dropped' };
  }
}
