import { z } from 'zod';
import { REASON_LENGTH_MAX, REASON_LENGTH_MIN, SAMPLE_MAX } from './bounds.ts';
import type { AuditMark, Fence, Receipt } from './receipt.ts';
import { auditMarkSchema, fenceSchema, receiptSchema } from './receipt.ts';
import type { InvalidationScope } from './scope.ts';
import { invalidationScopeSchema } from './scope.ts';

/** The body of `POST /clear` and `POST /expire`. */
export interface InvalidationRequest {
  readonly scope: InvalidationScope;
  /** Only look at what would be cleared. Left out: no. */
  readonly dryRun?: boolean;
  /** Of a dry run: how many entries to show. Left out: 10. */
  readonly sample?: number;
  /** When to answer. `committed` (left out): the tier has it. `fenced`: no node can serve it any more. */
  readonly wait?: 'committed' | 'fenced';
  /** Why; recorded in the audit trail. Needed unless it is a dry run. */
  readonly reason?: string;
}

/** One entry that a dry run shows. */
export interface PreviewedEntry {
  readonly namespace: string;
  /** What tier and bus know the key by. */
  readonly keyId: string;
  /** The key, where this node has the value near and may show it. */
  readonly key?: string;
  readonly version: string;
  readonly bytes: number;
}

/** What a clear would end now. */
export interface Preview {
  readonly entries: number;
  readonly bytes: number;
  readonly sample: readonly PreviewedEntry[];
  /** Whether all entries were looked at. */
  readonly complete: boolean;
}

/** The answer to a clear or an expire that was made. */
export interface InvalidationDone {
  readonly dryRun: false;
  readonly action: 'clear' | 'expire';
  readonly scope: InvalidationScope;
  readonly receipts: readonly Receipt[];
  /** Of a fenced one: what holds for every receipt. */
  readonly fence?: Fence;
  readonly audit: AuditMark;
}

/** The answer to a dry run. */
export interface InvalidationPreview {
  readonly dryRun: true;
  readonly action: 'clear' | 'expire';
  readonly scope: InvalidationScope;
  readonly preview: Preview;
}

export type InvalidationAnswer = InvalidationDone | InvalidationPreview;

const reasonSchema: z.ZodType<string> = z
  .string()
  .trim()
  .min(REASON_LENGTH_MIN)
  .max(REASON_LENGTH_MAX)
  .meta({ description: 'Why; it is recorded in the audit trail.' });

export const invalidationRequestSchema: z.ZodType<InvalidationRequest> = z
  .strictObject({
    scope: invalidationScopeSchema,
    dryRun: z.boolean().exactOptional().meta({ description: 'Only look at what would be cleared. Left out: false.' }),
    sample: z.int().min(0).max(SAMPLE_MAX).exactOptional().meta({
      description: 'Of a dry run: how many of the entries to show. Left out: 10.',
    }),
    wait: z.enum(['committed', 'fenced']).exactOptional().meta({
      description: 'When to answer. committed (left out): the tier has it. fenced: no node can serve it any more.',
    }),
    reason: reasonSchema.exactOptional(),
  })
  .refine(({ dryRun, reason }) => dryRun === true || reason !== undefined, {
    path: ['reason'],
    error: `takes ${REASON_LENGTH_MIN} to ${REASON_LENGTH_MAX} characters; only a dry run needs none`,
  })
  .meta({ description: 'What to clear or expire, and why. `reason` is needed unless it is a dry run.' });

const action = z.enum(['clear', 'expire']);

export const previewSchema: z.ZodType<Preview> = z.object({
  entries: z.int().nonnegative(),
  bytes: z.int().nonnegative(),
  sample: z.array(
    z.object({
      namespace: z.string(),
      keyId: z.string(),
      key: z.string().exactOptional(),
      version: z.string(),
      bytes: z.int().nonnegative(),
    }),
  ),
  complete: z.boolean(),
});

export const invalidationAnswerSchema: z.ZodType<InvalidationAnswer> = z
  .discriminatedUnion('dryRun', [
    z.object({
      dryRun: z.literal(false),
      action,
      scope: invalidationScopeSchema,
      receipts: z.array(receiptSchema),
      fence: fenceSchema.exactOptional(),
      audit: auditMarkSchema,
    }),
    z.object({ dryRun: z.literal(true), action, scope: invalidationScopeSchema, preview: previewSchema }),
  ])
  .meta({ description: 'The events that the tier has; of a dry run, what would be cleared.' });
