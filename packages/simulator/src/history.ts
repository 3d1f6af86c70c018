/** The verbs that end values, of a key or of a scope. */
type Ending = 'clear' | 'expire' | 'clear-scope' | 'expire-scope';

/** What a call asked for; a write by version, of a version that was read before it; before an ending, how: fenced, queued where the tier is away, in effect on its node at once. */
export type CallKind =
  | 'get'
  | 'load'
  | 'set'
  | 'compare-set'
  | 'compare-clear'
  | Ending
  | `${'fenced' | 'degraded' | 'local'}-${Ending}`;

/** Whether a call ends all values of a scope. */
export function isOfScope(kind: CallKind): boolean {
  return kind.endsWith('-scope');
}

/** Whether a call ends the freshness of values alone: they may still be answered, marked stale. */
export function isExpire(kind: CallKind): boolean {
  return kind.endsWith('expire') || kind.endsWith('expire-scope');
}

/** One call of a client, as it saw it; times are true times in ms. */
export interface Call {
  readonly id: number;
  readonly node: number;
  readonly kind: CallKind;
  /** What it was about: a key, or the name of a scope. */
  readonly target: string;
  /** The keys that it reads, or ends the life of. */
  readonly keys: readonly string[];
  readonly startMs: number;
  /** For a write by version: when the lookup that told the version had been answered; undefined: it found nothing. */
  readonly readMs?: number;
  /** When it was answered; undefined: never. */
  endMs?: number;
  /** What it answered; for a write, whether the tier committed it. */
  answer?: Answer;
}

/** How a call was answered. */
export type Answer =
  | {
      readonly kind: 'value';
      readonly value: string;
      readonly source: string;
      readonly stale: boolean;
      readonly degraded: boolean;
    }
  | { readonly kind: 'nothing'; readonly degraded: boolean }
  /** `replicated`: on as many replicas as were wanted, where some were. */
  | { readonly kind: 'committed'; readonly fencedBy?: 'acknowledgements' | 'time'; readonly replicated?: boolean }
  /** A write by version, of which the tier had another one. */
  | { readonly kind: 'refused' }
  /** A clear that waits for the tier. */
  | { readonly kind: 'queued' }
  | { readonly kind: 'failed'; readonly code: string };

/** Where a value comes from: a load, from its beginning, or a write. */
export interface Origin {
  readonly value: string;
  readonly key: string;
  readonly by: 'load' | 'set';
  readonly startMs: number;
  /** The node that loads or writes it. */
  readonly node?: number;
  /** When a load was answered by the origin, or failed; undefined: never, or nobody wrote it down. */
  endMs?: number;
  /** The call that wrote it, for a write. */
  readonly call?: Call;
}

/** Something that the world did to the nodes, up to `untilMs`. `lostFromMs`: what was committed since then may be gone. */
export interface Fault {
  readonly atMs: number;
  readonly what: string;
  readonly lostFromMs?: number;
  untilMs?: number;
  /** The server that it befell; undefined: none, or all. */
  readonly server?: 'control' | 'data';
  /** Whether all that the server held is gone. */
  readonly flushed?: boolean;
  /** The node that nothing reaches the tier from; `all`: none reaches this server. */
  readonly cutOff?: number | 'all';
  /** Whether it disturbs nothing but the bus. */
  readonly busAlone?: boolean;
  /** How much later the bus may deliver meanwhile, in ms. */
  readonly busLateMs?: number;
  /** A node that owes no answers any more. */
  readonly crashed?: number;
}

/** All that happened in one simulation, as far as clients and operators could see it. */
export class History {
  readonly calls: Call[] = [];
  readonly origins: Map<string, Origin> = new Map();
  readonly faults: Fault[] = [];
  /** From when on there are no faults: those that would last longer end then. */
  calmFromMs: number = Number.POSITIVE_INFINITY;

  call(call: Omit<Call, 'id'>): Call {
    const recorded: Call = { id: this.calls.length, ...call };
    this.calls.push(recorded);
    return recorded;
  }

  /** A new value, unlike any other. */
  value(origin: Omit<Origin, 'value'>): string {
    const value = `${origin.key}#${this.origins.size}`;
    this.origins.set(value, { ...origin, value });
    return value;
  }

  /** A load has ended: the origin answered, or failed. */
  loaded(value: string, endMs: number): void {
    const origin = this.origins.get(value);
    if (origin !== undefined) origin.endMs = endMs;
  }

  fault(fault: Fault): Fault {
    this.faults.push(fault);
    return fault;
  }
}
