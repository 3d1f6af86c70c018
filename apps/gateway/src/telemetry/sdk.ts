import { randomUUID } from 'node:crypto';
import type { Environment } from '@lockstep/config';
import { context, DiagLogLevel, diag, metrics, propagation, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { diagLogLevelFromString, setGlobalErrorHandler } from '@opentelemetry/core';
import { RuntimeNodeInstrumentation } from '@opentelemetry/instrumentation-runtime-node';
import type { Resource } from '@opentelemetry/resources';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import type { IMetricReader, PushMetricExporter } from '@opentelemetry/sdk-metrics';
import { ConsoleMetricExporter, MeterProvider, PeriodicExportingMetricReader } from '@opentelemetry/sdk-metrics';
import type { SpanExporter, SpanProcessor } from '@opentelemetry/sdk-trace';
import { BatchSpanProcessor, ConsoleSpanExporter, SimpleSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { Logger } from 'pino';
import { Diagnostics } from './diagnostics.ts';
import { LostSpans } from './lost-spans.ts';
import { ScrapeEndpoint } from './scrape-endpoint.ts';
import type { OtlpProtocol, TelemetrySettings } from './settings.ts';
import { batchesOf, detectorsOf, exportTimesOf, propagatorOf, samplerOf, spanLimitsOf } from './variables.ts';

const SERVICE_NAME = 'lockstep-gateway';

/** Telemetry that is on. */
export interface Telemetry {
  /** Where metrics can be fetched; undefined: nowhere. */
  readonly scrapeUrl: string | undefined;
  /** Sends what there is, and ends it. Not bounded in time: the collector may be away. Never rejects. */
  shutdown(): Promise<void>;
}

/** What the start of the SDK needs. */
export interface TelemetryOptions {
  readonly settings: TelemetrySettings;
  /** Where the SDK reads its variables is `process.env`; this says which of their values are secret. */
  readonly environment: Environment;
  readonly version: string;
  readonly logger: Logger;
}

/**
 * Starts OpenTelemetry's SDK and registers it for the whole process: before anything takes a meter. Rejects with a
 * `ScrapeAddressError`; nothing is left behind then.
 */
export async function startTelemetry({ settings, environment, version, logger }: TelemetryOptions): Promise<Telemetry> {
  const diagnostics = new Diagnostics(logger, environment);
  const level = environment['OTEL_LOG_LEVEL'];
  const logLevel = level === undefined ? DiagLogLevel.INFO : diagLogLevelFromString(level);
  diag.setLogger(diagnostics, { ...(logLevel !== undefined && { logLevel }), suppressOverrideMessage: true });
  setGlobalErrorHandler(diagnostics.caught);
  for (const note of settings.notes) logger.warn({ note }, 'note on the telemetry');
  const resource = resourceOf(version);
  const readers = await metricReaders(settings);
  const meters =
    readers.length === 0 ? undefined : new MeterProvider({ resource, readers: readers.map(({ reader }) => reader) });
  const scrapeUrl = readers.find(({ url }) => url !== undefined)?.url;
  const spanProcessors = await processors(settings, new LostSpans(logger).counting(meters));
  const tracers =
    spanProcessors.length === 0
      ? undefined
      : new TracerProvider({ resource, spanProcessors, sampler: samplerOf(), spanLimits: spanLimitsOf() });
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  const propagator = propagatorOf();
  if (propagator !== undefined) propagation.setGlobalPropagator(propagator);
  if (tracers !== undefined) trace.setGlobalTracerProvider(tracers);
  const runtime = meters && observeRuntime(meters);
  return {
    scrapeUrl,
    shutdown: async () => {
      runtime?.disable();
      await Promise.allSettled([tracers?.shutdown(), meters?.shutdown()]);
    },
  };
}

function observeRuntime(meters: MeterProvider): RuntimeNodeInstrumentation {
  metrics.setGlobalMeterProvider(meters);
  const runtime = new RuntimeNodeInstrumentation();
  runtime.setMeterProvider(meters);
  return runtime;
}

/** What the process is: a later part wins. */
function resourceOf(version: string): Resource {
  const own = { 'service.name': SERVICE_NAME, 'service.version': version, 'service.instance.id': randomUUID() };
  return defaultResource()
    .merge(resourceFromAttributes(own))
    .merge(detectResources({ detectors: [...detectorsOf(), envDetector] }));
}

interface Reader {
  readonly reader: IMetricReader;
  readonly url?: string;
}

async function metricReaders({ metrics: exporters }: TelemetrySettings): Promise<readonly Reader[]> {
  const readers: Reader[] = [];
  for (const exporter of exporters) {
    if (exporter.kind === 'prometheus') {
      const reader = new ScrapeEndpoint();
      readers.push({ reader, url: await reader.listen(exporter.host, exporter.port) });
    } else {
      const pushed = exporter.kind === 'console' ? new ConsoleMetricExporter() : await otlpMetrics(exporter.protocol);
      readers.push({ reader: new PeriodicExportingMetricReader({ exporter: pushed, ...exportTimesOf() }) });
    }
  }
  return readers;
}

async function processors(
  { traces }: TelemetrySettings,
  selfObsMeterProvider: ReturnType<LostSpans['counting']>,
): Promise<SpanProcessor[]> {
  const made: SpanProcessor[] = [];
  for (const traced of traces) {
    if (traced.kind === 'console') {
      made.push(new SimpleSpanProcessor({ exporter: new ConsoleSpanExporter() }));
      continue;
    }
    const { underWayMax: concurrencyLimit, ...batches } = batchesOf();
    const exporter = await otlpTraces(traced.protocol, { concurrencyLimit });
    made.push(new BatchSpanProcessor({ exporter, selfObsMeterProvider, ...batches }));
  }
  return made;
}

/** Only what is used is loaded. */
async function otlpTraces(
  protocol: OtlpProtocol,
  options: { readonly concurrencyLimit: number },
): Promise<SpanExporter> {
  switch (protocol) {
    case 'grpc':
      return new (await import('@opentelemetry/exporter-trace-otlp-grpc')).OTLPTraceExporter(options);
    case 'http/protobuf':
      return new (await import('@opentelemetry/exporter-trace-otlp-proto')).OTLPTraceExporter(options);
    case 'http/json':
      return new (await import('@opentelemetry/exporter-trace-otlp-http')).OTLPTraceExporter(options);
  }
}

async function otlpMetrics(protocol: OtlpProtocol): Promise<PushMetricExporter> {
  switch (protocol) {
    case 'grpc':
      return new (await import('@opentelemetry/exporter-metrics-otlp-grpc')).OTLPMetricExporter();
    case 'http/protobuf':
      return new (await import('@opentelemetry/exporter-metrics-otlp-proto')).OTLPMetricExporter();
    case 'http/json':
      return new (await import('@opentelemetry/exporter-metrics-otlp-http')).OTLPMetricExporter();
  }
}
