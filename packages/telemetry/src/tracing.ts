import type { Attributes, Context, Span, SpanOptions, Tracer } from '@opentelemetry/api';
import {
  context,
  createContextKey,
  ProxyTracerProvider,
  ROOT_CONTEXT,
  SpanStatusCode,
  TraceFlags,
  trace,
} from '@opentelemetry/api';
import { ATTRIBUTES, SCOPE } from './names.ts';

/** Marks contexts whose active span is one of Lockstep's. */
const OURS = createContextKey('lockstep span');

/** Where a span is, as W3C's trace context says it: 32 and 16 hexadecimal characters, and the trace flags (0…255). */
export interface SpanPlace {
  readonly traceId: string;
  readonly spanId: string;
  readonly flags: number;
}

/** Which lookups have a span. */
export interface TracingConfig {
  /** `misses`: those alone that the near-cache does not answer. */
  readonly lookups: 'all' | 'misses' | 'off';
  /** Whether a lookup, or a write of one value, that is part of no trace has none either. */
  readonly requireParentSpan: boolean;
}

/**
 * Makes spans, where they would be recorded: under a span that is not sampled, and without an SDK, it makes none, and
 * allocates nothing. An SDK that is registered later than a node is opened is not seen.
 */
export class Tracing {
  /** Whether an SDK that traces has been registered. */
  readonly isOn: boolean;
  readonly config: TracingConfig;
  readonly #tracer: Tracer;

  constructor(config: TracingConfig) {
    this.config = config;
    const provider = trace.getTracerProvider();
    this.isOn = !(provider instanceof ProxyTracerProvider) || provider.getDelegateTracer(SCOPE) !== undefined;
    this.#tracer = trace.getTracer(SCOPE);
  }

  /** Starts a span under the active one, if that is sampled; where none is active, one of its own trace, if it `mayBeRoot`. */
  start(name: string, options: SpanOptions, mayBeRoot: boolean): Span | undefined {
    const parent = this.parent(mayBeRoot);
    return parent && this.startIn(parent, name, options);
  }

  /** The context that a span would be started in, if one should be. */
  parent(mayBeRoot: boolean): Context | undefined {
    if (!this.isOn) return undefined;
    const active = context.active();
    const span = trace.getSpan(active);
    if (span === undefined) return mayBeRoot ? active : undefined;
    return isSampled(span) ? active : undefined;
  }

  /** Starts a span in a context that `parent` has answered; none where the sampler says no. */
  startIn(parent: Context, name: string, options: SpanOptions): Span | undefined {
    const span = this.#tracer.startSpan(name, options, parent);
    return span.isRecording() ? span : undefined;
  }

  /** Starts a span for a part of what Lockstep does, under its own span. */
  part(name: string, options: SpanOptions): Span | undefined {
    if (!this.isOn) return undefined;
    const parent = context.active();
    return parent.getValue(OURS) === undefined ? undefined : this.startIn(parent, name, options);
  }

  /** Starts a span under one of another node; where that is not sampled, none. */
  remote(place: SpanPlace, name: string, options: SpanOptions): Span | undefined {
    if (!this.isOn || (place.flags & TraceFlags.SAMPLED) === 0) return undefined;
    const { traceId, spanId, flags: traceFlags } = place;
    const parent = trace.setSpanContext(ROOT_CONTEXT, { traceId, spanId, traceFlags, isRemote: true });
    return this.startIn(parent, name, options);
  }

  /** Where the active span is, if it is Lockstep's own: for other nodes to make theirs under it. */
  place(): SpanPlace | undefined {
    if (!this.isOn) return undefined;
    const active = context.active();
    if (active.getValue(OURS) === undefined) return undefined;
    const span = trace.getSpan(active);
    if (span === undefined) return undefined;
    const { traceId, spanId, traceFlags: flags } = span.spanContext();
    return { traceId, spanId, flags };
  }
}

/** Runs work with a span as the active one; without one, as it is. */
export function within<R>(span: Span | undefined, work: () => R): R {
  if (span === undefined) return work();
  return context.with(trace.setSpan(context.active(), span).setValue(OURS, true), work);
}

/** Runs work as a part of no trace: what one caller has caused, and many may use. */
export function detached<R>(work: () => R): R {
  return context.with(ROOT_CONTEXT, work);
}

/** Runs work now, in a span, and ends that with what it answers, or with its error. */
export async function spanning<R>(
  span: Span | undefined,
  work: () => Promise<R>,
  told?: (answer: R) => Attributes,
): Promise<R> {
  if (span === undefined) return work();
  try {
    const answer = await within(span, work);
    if (told !== undefined) span.setAttributes(told(answer));
    return answer;
  } catch (error) {
    failed(span, error);
    throw error;
  } finally {
    span.end();
  }
}

/** Marks a span as failed. The error's text is left out: a loader's may have a secret in it. */
export function failed(span: Span, error: unknown): void {
  span.setAttribute(ATTRIBUTES.errorType, errorType(error));
  span.setStatus({ code: SpanStatusCode.ERROR });
}

/** What kind of error it is, for an attribute: its code, else its name. */
export function errorType(error: unknown): string {
  if (!(error instanceof Error)) return typeof error;
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : error.name;
}

function isSampled(span: Span): boolean {
  return (span.spanContext().traceFlags & TraceFlags.SAMPLED) !== 0;
}
