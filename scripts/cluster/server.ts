import type { Closing } from './closing.ts';

/** A tier or a bus, and what may be done to it. */
export interface Server {
  readonly url: string;
  /** Takes it away without a warning, and gives it back on the same port; absent: it is not ours to stop. */
  readonly fault?: { kill(): Promise<void>; restart(): Promise<void> };
  /** For a process of ours: whether it is still there, and its newest output. */
  readonly process?: { isRunning(): boolean; log(): string };
}

/** The kinds of server that a cluster needs. */
export type Need = 'tier' | 'bus';

/** What a source of servers works with. */
export interface SourceContext {
  readonly root: string;
  readonly closing: Closing;
  /** Aborted when the run is told to stop. */
  readonly signal: AbortSignal;
  readonly say: (line: string) => void;
}

/** Every server that was asked for, and where they come from, in words; or why there are none. */
export type Found =
  | { readonly servers: Partial<Record<Need, Server>>; readonly from: string }
  | { readonly why: string };
