import { z } from 'zod';
import type { AuditRecord } from './audit.ts';
import { auditRecordSchema } from './audit.ts';
import type { CoherenceView } from './status.ts';
import { coherenceSchema } from './status.ts';

/** One event of `GET /events`; on the wire its `type` is also the SSE event's. */
export type AdminEvent = AppliedEvent | ResetEvent | CoherenceEvent | MemberEvent | AuditEvent | LostEvent;

/** An event that has taken effect on the node, whoever made it. */
export interface AppliedEvent {
  readonly type: 'applied';
  readonly kind: string;
  readonly partition: number | 'control';
  readonly sequence: number;
  /** Of one key: what tier and bus know it by. */
  readonly keyId?: string;
  /** Of a scope; of a tag the id alone is known. */
  readonly scope?: { readonly everything: true } | { readonly namespace: string } | { readonly scopeId: string };
}

/** What the node had of a partition was dropped: its history was lost, or is another one. */
export interface ResetEvent {
  readonly type: 'reset';
  readonly partition: number | 'control';
  readonly sequence: number;
}

/** The node's coherence is another one now; also the first event of a stream. */
export interface CoherenceEvent extends CoherenceView {
  readonly type: 'coherence';
  readonly node: string;
}

/** A member has come or gone. */
export interface MemberEvent {
  readonly type: 'member';
  readonly change: 'joined' | 'left';
  readonly node: string;
}

/** A record was added to the audit trail, by any node. */
export interface AuditEvent {
  readonly type: 'audit';
  readonly record: AuditRecord;
}

/** The reader was too slow: so many events were left out here. */
export interface LostEvent {
  readonly type: 'lost';
  readonly events: number;
}

const partition = z.union([z.int().nonnegative(), z.literal('control')]);
const sequence = z.int().nonnegative();

export const adminEventSchema: z.ZodType<AdminEvent> = z
  .union([
    z.object({
      type: z.literal('applied'),
      kind: z.string(),
      partition,
      sequence,
      keyId: z.string().exactOptional(),
      scope: z
        .union([
          z.object({ everything: z.literal(true) }),
          z.object({ namespace: z.string() }),
          z.object({ scopeId: z.string() }),
        ])
        .exactOptional(),
    }),
    z.object({ type: z.literal('reset'), partition, sequence }),
    z.intersection(z.object({ type: z.literal('coherence'), node: z.string() }), coherenceSchema),
    z.object({ type: z.literal('member'), change: z.enum(['joined', 'left']), node: z.string() }),
    z.object({ type: z.literal('audit'), record: auditRecordSchema }),
    z.object({ type: z.literal('lost'), events: z.int().positive() }),
  ])
  .meta({ description: 'What happens on the node and in the cluster.' });
