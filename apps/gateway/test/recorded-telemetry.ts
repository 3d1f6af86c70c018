import type { Span } from '@opentelemetry/api';
import { context, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { CompositePropagator, W3CBaggagePropagator, W3CTraceContextPropagator } from '@opentelemetry/core';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import type { ReadableSpan, SpanProcessor } from '@opentelemetry/sdk-trace';
import { TracerProvider } from '@opentelemetry/sdk-trace';
import { prometheusText } from '../src/telemetry/prometheus-text.ts';

/** OpenTelemetry for this process, which keeps everything. Open it before what is to be observed. */
export class RecordedTelemetry {
  /** Spans that have ended, in this order. */
  readonly spans: ReadableSpan[] = [];
  /** Spans that have not. */
  readonly open: Set<Span> = new Set();
  readonly #reader: MetricReader = new FetchedMetrics();

  constructor() {
    const processor: SpanProcessor = {
      onStart: (span) => void this.open.add(span),
      onEnd: (span) => {
        this.open.delete(span as unknown as Span);
        this.spans.push(span);
      },
      forceFlush: async () => undefined,
      shutdown: async () => undefined,
    };
    context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
    const propagators = [new W3CTraceContextPropagator(), new W3CBaggagePropagator()];
    propagation.setGlobalPropagator(new CompositePropagator({ propagators }));
    trace.setGlobalTracerProvider(new TracerProvider({ spanProcessors: [processor] }));
    metrics.setGlobalMeterProvider(new MeterProvider({ readers: [this.#reader] }));
  }

  /** All metrics, as Prometheus would read them. */
  async metricsText(): Promise<string> {
    return prometheusText((await this.#reader.collect()).resourceMetrics);
  }

  /** Everything that spans and metrics say. */
  async text(): Promise<string> {
    const spans = this.spans.map(({ name, attributes, events, links, status, resource }) => {
      return { name, attributes, events, links, status, resource: resource.attributes };
    });
    return `${JSON.stringify(spans)}\n${await this.metricsText()}`;
  }

  stop(): void {
    for (const api of [context, metrics, propagation, trace]) api.disable();
  }
}

class FetchedMetrics extends MetricReader {
  protected override async onForceFlush(): Promise<void> {
    // They are fetched.
  }

  protected override async onShutdown(): Promise<void> {
    // There is nothing to end.
  }
}
