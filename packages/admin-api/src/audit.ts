import { z } from 'zod';
import { AUDIT_PAGE_MAX } from './bounds.ts';
import { fromText } from './from-text.ts';
import type { Receipt } from './receipt.ts';
import { receiptSchema } from './receipt.ts';

/** The query of `GET /audit`. */
export interface AuditQuery {
  /** The first sequence. Left out: the newest `limit` records. */
  readonly from?: number;
  /** Left out: 50. */
  readonly limit?: number;
}

/** What was done. */
export type AuditAction = 'clear' | 'expire' | 'sweep' | 'revoke';

/** One record of the audit trail. */
export interface AuditRecord {
  /** From 1 on, without gaps. */
  readonly sequence: number;
  /** By the wall clock of the node that recorded it, ISO 8601. */
  readonly at: string;
  /** `admin:<name of a token>`, `gateway:<id>`, `server:<name>` or `config`. */
  readonly actor: string;
  readonly action: AuditAction;
  /** What it concerned. */
  readonly scope: Readonly<Record<string, unknown>>;
  readonly reason: string;
  /** `done`, or `unknown` where the tier did not confirm all of it. */
  readonly outcome: 'done' | 'unknown';
  readonly receipts: readonly Receipt[];
  /** The node that did it. */
  readonly node: string;
  readonly previousHash: string;
  readonly hash: string;
}

/** The answer of `GET /audit`, oldest first. */
export interface AuditPage {
  readonly records: readonly AuditRecord[];
  /** Records in between that are not as they were written, by sequence. Left out: there is none. */
  readonly damaged?: readonly number[];
  /** The newest sequence; 0: there is none. */
  readonly head: number;
  /** Where the next page begins; null: this is the last one. */
  readonly next: number | null;
}

/** The answer of `GET /audit/verify`. */
export type AuditVerdict =
  | { readonly valid: true; readonly records: number; readonly hash: string }
  | { readonly valid: false; readonly checked: number; readonly broken: BrokenRecord };

/** The first record that is not as it was written. */
export interface BrokenRecord {
  readonly sequence: number;
  /**
   * `changed`: it is not what was written there. `missing`: it is gone. `unlinked`: it does not follow the one before
   * it. `truncated`: all after it are gone. `unreadable`: it was written under another secret.
   */
  readonly fault: 'changed' | 'missing' | 'unlinked' | 'truncated' | 'unreadable';
}

const count = z.int().nonnegative();

export const auditQuerySchema: z.ZodType<AuditQuery> = z.strictObject({
  from: fromText(z.int().positive()).exactOptional(),
  limit: fromText(z.int().min(1).max(AUDIT_PAGE_MAX)).exactOptional(),
});

export const auditRecordSchema: z.ZodType<AuditRecord> = z
  .object({
    sequence: z.int().positive(),
    at: z.iso.datetime(),
    actor: z.string(),
    action: z.enum(['clear', 'expire', 'sweep', 'revoke']),
    scope: z.record(z.string(), z.unknown()),
    reason: z.string(),
    outcome: z.enum(['done', 'unknown']),
    receipts: z.array(receiptSchema),
    node: z.string(),
    previousHash: z.string(),
    hash: z.string(),
  })
  .meta({ description: 'One record of the audit trail.' });

export const auditPageSchema: z.ZodType<AuditPage> = z
  .object({
    records: z.array(auditRecordSchema),
    damaged: z.array(z.int().positive()).exactOptional(),
    head: count,
    next: z.int().positive().nullable(),
  })
  .meta({ description: 'Records of the audit trail, oldest first.' });

export const auditVerdictSchema: z.ZodType<AuditVerdict> = z
  .discriminatedUnion('valid', [
    z.object({ valid: z.literal(true), records: count, hash: z.string() }),
    z.object({
      valid: z.literal(false),
      checked: count,
      broken: z.object({
        sequence: count,
        fault: z.enum(['changed', 'missing', 'unlinked', 'truncated', 'unreadable']),
      }),
    }),
  ])
  .meta({ description: 'Whether the trail is as it was written; if not, the first record that is not.' });
