import { z } from 'zod';
import { gatewaySchema, keySchema, namespaceSchema, serverSchema } from './scope.ts';

/** The query of `GET /explain`: a `key`, or instead of it the `gateway` (and of `tools` the `server`) that it is of. */
export interface ExplainQuery {
  readonly namespace: string;
  readonly key?: string;
  readonly gateway?: string;
  readonly server?: string;
}

/** One entry, near or in the tier. */
export interface ExplainedEntry {
  readonly version: string;
  readonly bornAt: number;
  readonly freshForMs: number;
  readonly standsInForMs: number;
  /** Why it is not answered as fresh; null: it is. */
  readonly objection: 'not-fresh' | 'cleared' | 'not-vouched' | 'unreadable' | null;
}

/** Why the node would answer what, for one key. */
export interface Explanation {
  readonly namespace: string;
  readonly keyId: string;
  readonly partition: number;
  readonly answer: 'near' | 'tier' | 'nothing';
  readonly near: ExplainedEntry | null;
  /** `unreachable`: the tier did not answer. */
  readonly tier: ExplainedEntry | 'unreachable' | null;
  readonly stalenessMs: number | null;
  readonly applied: number | null;
  readonly head: number | null;
  readonly flights: number;
}

export const explainQuerySchema: z.ZodType<ExplainQuery> = z
  .strictObject({
    namespace: namespaceSchema,
    key: keySchema.exactOptional(),
    gateway: gatewaySchema.exactOptional(),
    server: serverSchema.exactOptional(),
  })
  .refine(({ key, gateway }) => (key === undefined) !== (gateway === undefined), {
    path: ['key'],
    error: 'takes either a key, or a gateway (with a server for tools) instead of it',
  });

const entry = z.object({
  version: z.string(),
  bornAt: z.int().nonnegative(),
  freshForMs: z.number().nonnegative(),
  standsInForMs: z.number().nonnegative(),
  objection: z.enum(['not-fresh', 'cleared', 'not-vouched', 'unreadable']).nullable(),
});

export const explanationSchema: z.ZodType<Explanation> = z
  .object({
    namespace: z.string(),
    keyId: z.string(),
    partition: z.int().nonnegative(),
    answer: z.enum(['near', 'tier', 'nothing']),
    near: entry.nullable(),
    tier: z.union([entry, z.literal('unreachable')]).nullable(),
    stalenessMs: z.number().nonnegative().nullable(),
    applied: z.int().nonnegative().nullable(),
    head: z.int().nonnegative().nullable(),
    flights: z.int().nonnegative(),
  })
  .meta({ description: 'Why this node would answer what for one key: near-cache, tier, version, staleness.' });
