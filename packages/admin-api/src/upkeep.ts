import { z } from 'zod';
import { SWEEP_LIMIT_MAX } from './bounds.ts';
import { gatewaySchema, serverSchema } from './scope.ts';

/** The body of `POST /sweep`. */
export interface SweepRequest {
  /** The most entries to look at. Left out: 10,000. */
  readonly limit?: number;
  /** Where an earlier sweep ended. */
  readonly cursor?: string;
}

/** What a sweep did. */
export interface SweepReport {
  readonly scanned: number;
  readonly reclaimed: number;
  readonly reclaimedBytes: number;
  /** From where the next one goes on; null: this one came to the end. */
  readonly cursor: string | null;
}

/** The body of `POST /warm`: all gateways, one, or one server of it. */
export interface WarmRequest {
  readonly gateway?: string;
  readonly server?: string;
}

/** One line of the answer of `POST /warm`. */
export type WarmProgress = WarmStarted | WarmedServer | WarmDone;

/** The first line. */
export interface WarmStarted {
  readonly type: 'started';
  readonly servers: number;
}

/** One server's tools are cached, or could not be discovered. */
export interface WarmedServer {
  readonly type: 'server';
  readonly gateway: string;
  readonly server: string;
  readonly status: 'success' | 'error' | 'pending';
  readonly tools?: number;
  readonly source?: 'config' | 'near' | 'tier' | 'origin';
  /** Why it failed: the code of the upstream's error. */
  readonly code?: string;
  readonly tookMs: number;
}

/** The last line; without it the stream broke off. */
export interface WarmDone {
  readonly type: 'done';
  readonly succeeded: number;
  readonly failed: number;
  readonly pending: number;
}

const count = z.int().nonnegative();

export const sweepRequestSchema: z.ZodType<SweepRequest> = z
  .strictObject({
    limit: z.int().min(1).max(SWEEP_LIMIT_MAX).exactOptional().meta({
      description: 'The most entries to look at. Left out: 10000.',
    }),
    cursor: z.string().min(1).max(500).exactOptional().meta({ description: 'Where an earlier sweep ended.' }),
  })
  .meta({ description: 'How much to look at, and from where.' });

export const sweepReportSchema: z.ZodType<SweepReport> = z
  .object({ scanned: count, reclaimed: count, reclaimedBytes: count, cursor: z.string().nullable() })
  .meta({ description: 'What a sweep did; cursor null: it came to the end.' });

export const warmRequestSchema: z.ZodType<WarmRequest> = z
  .strictObject({ gateway: gatewaySchema.exactOptional(), server: serverSchema.exactOptional() })
  .refine(({ gateway, server }) => server === undefined || gateway !== undefined, {
    path: ['server'],
    error: 'takes the name of a server of the gateway that stands beside it: gateway is missing',
  })
  .meta({ description: 'What to warm: everything, one gateway, or one server of it.' });

export const warmProgressSchema: z.ZodType<WarmProgress> = z
  .discriminatedUnion('type', [
    z.object({ type: z.literal('started'), servers: count }),
    z.object({
      type: z.literal('server'),
      gateway: z.string(),
      server: z.string(),
      status: z.enum(['success', 'error', 'pending']),
      tools: count.exactOptional(),
      source: z.enum(['config', 'near', 'tier', 'origin']).exactOptional(),
      code: z.string().exactOptional(),
      tookMs: z.number().nonnegative(),
    }),
    z.object({ type: z.literal('done'), succeeded: count, failed: count, pending: count }),
  ])
  .meta({ description: 'One line of progress; the last one is of type done.' });
