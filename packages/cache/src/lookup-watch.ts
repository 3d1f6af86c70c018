import type { KeyId } from '@lockstep/core';
import type { NearEntry } from '@lockstep/near-cache';
import { ATTRIBUTES, failed, SPANS, spanning, within } from '@lockstep/telemetry';
import type { Attributes, Context, Span } from '@opentelemetry/api';
import type { NamespaceCounters, Space } from './engine.ts';
import type { Flight } from './flight.ts';
import type { Lookup } from './lookup.ts';
import type { Node } from './node.ts';

/** One near hit in so many is timed: two reads of the clock cost as much as the hit. A power of two. */
const HITS_PER_TIMED = 1024;

/** How a lookup ended: the attribute `lockstep.outcome`. */
type Outcome = 'near' | 'tier' | 'load' | 'stale' | 'degraded' | 'miss' | 'error';

/** Which counter each outcome has. */
export const OUTCOMES: Readonly<Record<Outcome, keyof NamespaceCounters>> = {
  near: 'nearHits',
  tier: 'tierHits',
  load: 'loadedAnswers',
  stale: 'staleAnswers',
  degraded: 'degradedAnswers',
  miss: 'misses',
  error: 'failedLookups',
};

/** One lookup that the near-cache did not answer. */
export interface Watched {
  readonly span: Span | undefined;
  /** The flight that answers it. */
  flight: Flight | undefined;
  /** Whether that was under way already. */
  coalesced: boolean;
}

/** Counts how the lookups of one namespace end, once for each caller; times them and makes their spans where an SDK wants that. */
export class LookupWatch {
  readonly #node: Node;
  readonly #space: Space;
  /** Whether a near hit has more to do than to be counted. */
  readonly watchesHits: boolean;
  readonly #tracesHits: boolean;
  readonly #tracesMisses: boolean;

  constructor(node: Node, space: Space) {
    const { isOn, config } = node.tracing;
    this.#node = node;
    this.#space = space;
    this.#tracesHits = isOn && config.lookups === 'all';
    this.#tracesMisses = isOn && config.lookups !== 'off';
    this.watchesHits = this.#tracesHits || node.metering;
  }

  /** Watches the near-cache being asked; its answer is counted by the caller. */
  near(ask: (key: string) => NearEntry | undefined, key: string): NearEntry | undefined {
    const entry = this.nearOfMany(ask, key);
    if (entry === undefined || !this.#tracesHits) return entry;
    const parent = this.#node.tracing.parent(this.#mayBeRoot);
    if (parent !== undefined) this.#traceHit(parent, entry);
    return entry;
  }

  /** As `near`, for one key of many, which share a span. */
  nearOfMany(ask: (key: string) => NearEntry | undefined, key: string): NearEntry | undefined {
    const isTimed = this.#node.metering && this.#space.counters.nearHits % HITS_PER_TIMED === 0;
    if (!isTimed) return ask(key);
    const startedMs = this.#node.clock.monotonicMs();
    const entry = ask(key);
    if (entry !== undefined) this.#took(startedMs, 'near');
    return entry;
  }

  /** Watches a lookup that the near-cache did not answer, from its start to its end. */
  beyondNear(keyId: KeyId, find: (watched: Watched) => Promise<Lookup<unknown>>): Promise<Lookup<unknown>> {
    return this.#watch(this.#start(SPANS.lookup, { [ATTRIBUTES.keyHash]: keyId }), find);
  }

  /** As `beyondNear`, for one key of many, which share a span. */
  oneOfMany(find: (watched: Watched) => Promise<Lookup<unknown>>): Promise<Lookup<unknown>> {
    return this.#watch(undefined, find);
  }

  async #watch(span: Span | undefined, find: (watched: Watched) => Promise<Lookup<unknown>>): Promise<Lookup<unknown>> {
    const { counters } = this.#space;
    const startedMs = this.#node.metering ? this.#node.clock.monotonicMs() : 0;
    const watched: Watched = { span, flight: undefined, coalesced: false };
    try {
      const found = await within(span, () => find(watched));
      const source = sourceOf(found, watched.flight);
      const outcome = outcomeOf(found, source);
      counters[OUTCOMES[outcome]]++;
      // Apart from near hits, of which one in many is timed: here each is, and some have waited for an origin.
      this.#took(startedMs, source === 'near' ? 'near-async' : source);
      span?.setAttributes(this.#told(found, { outcome, source, watched }));
      return found;
    } catch (error) {
      counters.failedLookups++;
      this.#took(startedMs, 'none');
      span?.setAttribute(ATTRIBUTES.outcome, 'error');
      if (span !== undefined) failed(span, error);
      throw error;
    } finally {
      span?.end();
    }
  }

  /** Watches a lookup of many keys: one span for all of them. */
  many<R>(keys: number, find: () => Promise<R>): Promise<R> {
    return spanning(this.#start(SPANS.lookupMany, { [ATTRIBUTES.keys]: keys }), find);
  }

  /** Starts the span of a load ahead of time, for the lookup that caused it. */
  refresh(keyId: KeyId): Span | undefined {
    return this.#start(SPANS.refresh, { [ATTRIBUTES.keyHash]: keyId });
  }

  get #mayBeRoot(): boolean {
    return !this.#node.tracing.config.requireParentSpan;
  }

  #start(name: string, attributes: Attributes): Span | undefined {
    if (!this.#tracesMisses) return undefined;
    const given = { [ATTRIBUTES.namespace]: this.#space.name, ...attributes };
    return this.#node.tracing.start(name, { attributes: given }, this.#mayBeRoot);
  }

  #traceHit(parent: Context, { keyId, version, partition }: NearEntry): void {
    const attributes = {
      [ATTRIBUTES.namespace]: this.#space.name,
      [ATTRIBUTES.outcome]: 'near',
      [ATTRIBUTES.source]: 'near',
      [ATTRIBUTES.stale]: false,
      [ATTRIBUTES.degraded]: false,
      [ATTRIBUTES.coalesced]: false,
      [ATTRIBUTES.version]: version,
      [ATTRIBUTES.stalenessMs]: this.#stalenessMs(partition),
      [ATTRIBUTES.keyHash]: keyId,
    };
    this.#node.tracing.startIn(parent, SPANS.lookup, { attributes })?.end();
  }

  #told(
    found: Lookup<unknown>,
    how: { readonly outcome: Outcome; readonly source: string; readonly watched: Watched },
  ): Attributes {
    const { coalesced, flight } = how.watched;
    return {
      [ATTRIBUTES.outcome]: how.outcome,
      [ATTRIBUTES.source]: how.source,
      [ATTRIBUTES.stale]: found.stale,
      [ATTRIBUTES.degraded]: found.degraded,
      [ATTRIBUTES.coalesced]: coalesced,
      ...(found.outcome !== 'miss' && { [ATTRIBUTES.version]: found.version }),
      ...(flight && this.#staleness(flight.partition)),
    };
  }

  /** How long ago this node last proved that it has applied everything of a partition; nothing, if it never did. */
  #staleness(partition: number): Attributes {
    const stalenessMs = this.#stalenessMs(partition);
    return stalenessMs === Number.POSITIVE_INFINITY ? {} : { [ATTRIBUTES.stalenessMs]: stalenessMs };
  }

  #stalenessMs(partition: number): number {
    return this.#node.horizons.stalenessMs(partition, this.#node.clock.ceilingMs());
  }

  #took(startedMs: number, source: string): void {
    if (!this.#node.metering) return;
    const attributes = { [ATTRIBUTES.namespace]: this.#space.name, [ATTRIBUTES.source]: source };
    this.#node.durations.lookup.record((this.#node.clock.monotonicMs() - startedMs) / 1000, attributes);
  }
}

function outcomeOf(found: Lookup<unknown>, source: string): Outcome {
  if (found.outcome === 'miss') return source === 'near' || source === 'tier' ? source : 'miss';
  if (found.degraded) return 'degraded';
  if (found.stale) return 'stale';
  return found.outcome === 'loaded' ? 'load' : found.source;
}

/** What answered: also that there is no value may be known near, or to the tier. `none`: nobody had it. */
function sourceOf(found: Lookup<unknown>, flight: Flight | undefined): 'near' | 'tier' | 'origin' | 'none' {
  if (found.outcome !== 'miss') return found.source;
  if (found.absence === undefined) return 'none';
  return flight?.cachedIn ?? 'origin';
}
