import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import type { ReadableSpan, Sampler } from '@opentelemetry/sdk-trace';
import {
  AlwaysOnSampler,
  InMemorySpanExporter,
  ParentBasedSampler,
  SimpleSpanProcessor,
  TracerProvider,
} from '@opentelemetry/sdk-trace';

/** An SDK that traces, registered for one test file, and what it was given. */
export interface RecordedSpans {
  /** All spans that have ended, in the order of their ends. */
  all(): readonly ReadableSpan[];
  named(name: string): readonly ReadableSpan[];
  /** How often a sampler was asked since the last `reset`. */
  asked(): number;
  reset(): void;
  /** Runs work in a span of its own, as a server's request would be. */
  request<R>(work: () => Promise<R>): Promise<R>;
}

/** Registers an SDK for the rest of this process, before any node is opened. */
export function recordSpans(): RecordedSpans {
  const exporter = new InMemorySpanExporter();
  const root = new ParentBasedSampler({ root: new AlwaysOnSampler() });
  let asked = 0;
  const sampler: Sampler = {
    shouldSample: (...given) => {
      asked++;
      return root.shouldSample(...given);
    },
    toString: () => 'counting',
  };
  const provider = new TracerProvider({ sampler, spanProcessors: [new SimpleSpanProcessor({ exporter })] });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(provider);
  const tracer = trace.getTracer('test');
  const all = (): readonly ReadableSpan[] => exporter.getFinishedSpans();
  return {
    all,
    named: (name) => all().filter((span) => span.name === name),
    asked: () => asked,
    reset: () => {
      exporter.reset();
      asked = 0;
    },
    request: (work) =>
      tracer.startActiveSpan('request', async (span) => {
        try {
          return await work();
        } finally {
          span.end();
        }
      }),
  };
}

/** The names of a span's children, sorted. */
export function childrenOf(of: ReadableSpan, among: readonly ReadableSpan[]): readonly string[] {
  const children = among.filter(({ parentSpanContext }) => parentSpanContext?.spanId === of.spanContext().spanId);
  return children.map(({ name }) => name).sort();
}
