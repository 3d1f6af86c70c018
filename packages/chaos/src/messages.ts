import type { Coherence } from '@lockstep/cache';

/** How a node process is started; one JSON argument. */
export interface NodeSettings {
  readonly number: number;
  readonly seed: number;
  readonly tierUrl: string;
  readonly busUrl: string;
  /** CLOCK_MONOTONIC when the run began, in ns: the zero of all recorded times. */
  readonly originNs: string;
  /** Whether writes wait for the tier's replica. */
  readonly durable: boolean;
}

/** What a node process is told. */
export type Order =
  /** Call at random on this round's keys, and record it in this file. */
  | { readonly order: 'load'; readonly round: number; readonly file: string }
  /** Make no new calls, and say when the last one has been answered. */
  | { readonly order: 'pause' }
  /** Read every hot key once, without a loader. */
  | { readonly order: 'read' }
  | { readonly order: 'report' }
  | { readonly order: 'close' };

/** What a node process says. */
export type Report =
  | { readonly report: 'open' }
  | { readonly report: 'paused' }
  | { readonly report: 'read'; readonly answers: Readonly<Record<string, string | null>> }
  | { readonly report: 'state'; readonly coherence: Coherence; readonly counters: Readonly<Record<string, number>> };
