import type { AuditPage, AuditQuery, AuditRecord, AuditVerdict } from '@lockstep/admin-api';
import { receiptSchema } from '@lockstep/admin-api';
import type { AuditTrail, AuditRecord as Recorded } from '@lockstep/gateway-cache';
import { z } from 'zod';

const receiptsSchema = z.array(receiptSchema);

/** `GET /audit`: a page of the trail, oldest first; without `from`, the newest records. */
export async function auditPage(audit: AuditTrail, { from, limit = 50 }: AuditQuery): Promise<AuditPage> {
  const head = await audit.newest();
  const first = from ?? Math.max(1, head - limit + 1);
  const read = await audit.read(first, limit);
  const damaged = read.flatMap((record) => ('damage' in record ? [record.number] : []));
  return {
    records: read.flatMap((record) => ('damage' in record ? [] : [auditRecord(record)])),
    ...(damaged.length > 0 && { damaged }),
    head,
    next: first + limit <= head ? first + limit : null,
  };
}

/** `GET /audit/verify`. */
export async function auditVerdict(audit: AuditTrail): Promise<AuditVerdict> {
  const found = await audit.verify();
  if (found.ok) {
    return { valid: true, records: Math.max(0, found.newest - found.first + 1), hash: found.newestHash };
  }
  const { first, number, fault } = found;
  const checked = fault === 'truncated' ? 0 : Math.max(0, number - first);
  return { valid: false, checked, broken: { sequence: number, fault } };
}

/** A record as the contract has it. */
export function auditRecord({ number, outcome, scope, ...record }: Recorded): AuditRecord {
  const told = outcome as { readonly state?: unknown; readonly receipts?: unknown } | null | undefined;
  const receipts = receiptsSchema.safeParse(told?.receipts);
  return {
    ...record,
    sequence: number,
    scope: isFields(scope) ? scope : { said: scope },
    outcome: told?.state === 'unknown' ? 'unknown' : 'done',
    receipts: receipts.success ? receipts.data : [],
  };
}

function isFields(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
