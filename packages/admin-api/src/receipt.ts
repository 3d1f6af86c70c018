import { z } from 'zod';

/** How it is certain that no node can serve what was cleared. */
export interface Fence {
  /** `acknowledgements`: every member has said so. `time`: the time in which anyone could still serve it has run out. */
  readonly by: 'acknowledgements' | 'time';
  /** Each other member, by node id. */
  readonly members: Readonly<Record<string, 'acknowledged' | 'fenced out'>>;
}

/** An event that the tier has, and every node applies. */
export interface Receipt {
  /** What it concerns: `everything`, the name of a namespace, or `tag`. */
  readonly cache: string;
  /** `control`: of a scope. */
  readonly partition: number | 'control';
  readonly incarnation: string;
  readonly sequence: number;
  /** Where it was waited for. */
  readonly fence?: Fence;
  /** Where the node waits for replicas of the tier. */
  readonly replicas?: { readonly acknowledged: number; readonly wanted: number };
}

/**
 * Where an action is recorded. `pending`: the journal cannot be reached; the record waits in this node's memory.
 * `dropped`: it could not wait either: too many do.
 */
export type AuditMark =
  | { readonly state: 'recorded'; readonly sequence: number }
  | { readonly state: 'pending' }
  | { readonly state: 'dropped' };

export const fenceSchema: z.ZodType<Fence> = z.object({
  by: z.enum(['acknowledgements', 'time']),
  members: z.record(z.string(), z.enum(['acknowledged', 'fenced out'])),
});

export const receiptSchema: z.ZodType<Receipt> = z
  .object({
    cache: z.string(),
    partition: z.union([z.int().nonnegative(), z.literal('control')]),
    incarnation: z.string(),
    sequence: z.int().nonnegative(),
    fence: fenceSchema.exactOptional(),
    replicas: z.object({ acknowledged: z.int().nonnegative(), wanted: z.int().nonnegative() }).exactOptional(),
  })
  .meta({ description: 'An event that the tier has, and that every node applies.' });

export const auditMarkSchema: z.ZodType<AuditMark> = z
  .discriminatedUnion('state', [
    z.object({ state: z.literal('recorded'), sequence: z.int().positive() }),
    z.object({ state: z.literal('pending') }),
    z.object({ state: z.literal('dropped') }),
  ])
  .meta({
    description: 'Where the action is recorded; pending: in the memory of this node, until the journal answers.',
  });
