import { isSpanContextValid, trace } from '@opentelemetry/api';

/** The active span, as lines of the log name it; nothing where there is none. */
export function traceIds(): Readonly<Record<string, string>> {
  const span = trace.getActiveSpan()?.spanContext();
  if (span === undefined || !isSpanContextValid(span)) return {};
  return { trace_id: span.traceId, span_id: span.spanId, trace_flags: flagsOf(span.traceFlags) };
}

/** The active span in the form of the headers `traceparent` and `traceresponse`; undefined: there is none. */
export function traceHeader(): string | undefined {
  const span = trace.getActiveSpan()?.spanContext();
  if (span === undefined || !isSpanContextValid(span)) return undefined;
  return `00-${span.traceId}-${span.spanId}-${flagsOf(span.traceFlags)}`;
}

function flagsOf(flags: number): string {
  return flags.toString(16).padStart(2, '0');
}
