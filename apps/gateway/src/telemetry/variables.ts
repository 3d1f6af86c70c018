import type { TextMapPropagator } from '@opentelemetry/api';
import { diag } from '@opentelemetry/api';
import {
  CompositePropagator,
  getNumberFromEnv,
  getStringFromEnv,
  getStringListFromEnv,
  W3CBaggagePropagator,
  W3CTraceContextPropagator,
} from '@opentelemetry/core';
import { B3InjectEncoding, B3Propagator } from '@opentelemetry/propagator-b3';
import type { ResourceDetector } from '@opentelemetry/resources';
import { hostDetector, osDetector, processDetector } from '@opentelemetry/resources';
import type { Sampler, SpanLimits } from '@opentelemetry/sdk-trace';
import {
  AlwaysOffSampler,
  AlwaysOnSampler,
  ParentBasedSampler,
  TraceIdRatioBasedSampler,
} from '@opentelemetry/sdk-trace';

// The variables of OpenTelemetry that say how telemetry is made. What is wrong with one goes to the log, and its default
// is used, as the specification has it; numbers that are none are told of by the SDK.

// Defaults of the specification.
const EXPORT_INTERVAL_MS = 60_000;
const EXPORT_TIMEOUT_MS = 30_000;
const SCHEDULE_DELAY_MS = 5_000;
const QUEUE_SIZE = 2_048;
const BATCH_SIZE = 512;

const SAMPLERS: Readonly<Record<string, (ratio: () => number) => Sampler>> = {
  always_on: () => new AlwaysOnSampler(),
  always_off: () => new AlwaysOffSampler(),
  traceidratio: (ratio) => new TraceIdRatioBasedSampler(ratio()),
  parentbased_always_on: () => new ParentBasedSampler({ root: new AlwaysOnSampler() }),
  parentbased_always_off: () => new ParentBasedSampler({ root: new AlwaysOffSampler() }),
  parentbased_traceidratio: (ratio) => new ParentBasedSampler({ root: new TraceIdRatioBasedSampler(ratio()) }),
};
const SAMPLER = 'parentbased_always_on';

const PROPAGATORS: Readonly<Record<string, () => TextMapPropagator>> = {
  tracecontext: () => new W3CTraceContextPropagator(),
  baggage: () => new W3CBaggagePropagator(),
  b3: () => new B3Propagator(),
  b3multi: () => new B3Propagator({ injectEncoding: B3InjectEncoding.MULTI_HEADER }),
};

const DETECTORS: Readonly<Record<string, ResourceDetector>> = {
  host: hostDetector,
  os: osDetector,
  process: processDetector,
};
/** What is always done, under the names that others know it by. */
const DETECTED_ANYWAY = new Set(['env', 'service', 'serviceinstance', 'none']);

const SPAN_LIMITS: Readonly<Record<keyof SpanLimits, readonly string[]>> = {
  attributeCountLimit: ['OTEL_SPAN_ATTRIBUTE_COUNT_LIMIT', 'OTEL_ATTRIBUTE_COUNT_LIMIT'],
  attributeValueLengthLimit: ['OTEL_SPAN_ATTRIBUTE_VALUE_LENGTH_LIMIT', 'OTEL_ATTRIBUTE_VALUE_LENGTH_LIMIT'],
  eventCountLimit: ['OTEL_SPAN_EVENT_COUNT_LIMIT'],
  linkCountLimit: ['OTEL_SPAN_LINK_COUNT_LIMIT'],
  attributePerEventCountLimit: ['OTEL_EVENT_ATTRIBUTE_COUNT_LIMIT'],
  attributePerLinkCountLimit: ['OTEL_LINK_ATTRIBUTE_COUNT_LIMIT'],
};

/** `OTEL_TRACES_SAMPLER`, `OTEL_TRACES_SAMPLER_ARG`. */
export function samplerOf(): Sampler {
  const name = getStringFromEnv('OTEL_TRACES_SAMPLER')?.trim() ?? SAMPLER;
  const make = Object.hasOwn(SAMPLERS, name) ? SAMPLERS[name] : undefined;
  if (make !== undefined) return make(ratio);
  diag.error(`OTEL_TRACES_SAMPLER: takes ${Object.keys(SAMPLERS).join(', ')}; ${SAMPLER} is used`);
  return samplerNamed(SAMPLER);
}

/** `OTEL_PROPAGATORS`. */
export function propagatorOf(): TextMapPropagator | undefined {
  const names = getStringListFromEnv('OTEL_PROPAGATORS') ?? ['tracecontext', 'baggage'];
  if (names.includes('none')) return undefined;
  const propagators = [...new Set(names)].flatMap((name) => {
    const make = Object.hasOwn(PROPAGATORS, name) ? PROPAGATORS[name] : undefined;
    if (make !== undefined) return [make()];
    diag.error(`OTEL_PROPAGATORS: takes none, ${Object.keys(PROPAGATORS).join(', ')}; one of another name is left out`);
    return [];
  });
  return new CompositePropagator({ propagators });
}

/** `OTEL_NODE_RESOURCE_DETECTORS`: none but what `service` and `env` stand for, unless it names them. */
export function detectorsOf(): readonly ResourceDetector[] {
  const names = getStringListFromEnv('OTEL_NODE_RESOURCE_DETECTORS') ?? [];
  if (names.includes('all')) return Object.values(DETECTORS);
  return names.flatMap((name) => {
    const detector = Object.hasOwn(DETECTORS, name) ? DETECTORS[name] : undefined;
    if (detector !== undefined) return [detector];
    if (!DETECTED_ANYWAY.has(name)) {
      diag.error(`OTEL_NODE_RESOURCE_DETECTORS: takes all, none, service, ${Object.keys(DETECTORS).join(', ')}`);
    }
    return [];
  });
}

/** `OTEL_SPAN_*_LIMIT` and their kin. */
export function spanLimitsOf(): SpanLimits {
  const limits = Object.entries(SPAN_LIMITS).flatMap(([limit, variables]) => {
    const value = variables.map(positive).find((number) => number !== undefined);
    return value === undefined ? [] : [[limit, value]];
  });
  return Object.fromEntries(limits) as SpanLimits;
}

/** How spans wait, and leave. */
export interface Batches {
  readonly maxQueueSize: number;
  readonly maxExportBatchSize: number;
  readonly scheduledDelayMillis: number;
  readonly exportTimeoutMillis: number;
  /**
   * How many batches are on their way at once at most: those of a full queue, as at the end, and one more. The SDK's
   * processor begins another one beside the next after each that failed, so without a bound there are ever more.
   */
  readonly underWayMax: number;
}

/** `OTEL_BSP_*`. */
export function batchesOf(): Batches {
  const maxQueueSize = positive('OTEL_BSP_MAX_QUEUE_SIZE') ?? QUEUE_SIZE;
  const maxExportBatchSize = Math.min(positive('OTEL_BSP_MAX_EXPORT_BATCH_SIZE') ?? BATCH_SIZE, maxQueueSize);
  return {
    maxQueueSize,
    maxExportBatchSize,
    scheduledDelayMillis: positive('OTEL_BSP_SCHEDULE_DELAY') ?? SCHEDULE_DELAY_MS,
    exportTimeoutMillis: positive('OTEL_BSP_EXPORT_TIMEOUT') ?? EXPORT_TIMEOUT_MS,
    underWayMax: Math.ceil(maxQueueSize / maxExportBatchSize) + 1,
  };
}

/** `OTEL_METRIC_EXPORT_INTERVAL`, `OTEL_METRIC_EXPORT_TIMEOUT`; the second is at most the first. */
export function exportTimesOf(): { readonly exportIntervalMillis: number; readonly exportTimeoutMillis: number } {
  const exportIntervalMillis = positive('OTEL_METRIC_EXPORT_INTERVAL') ?? EXPORT_INTERVAL_MS;
  const timeoutMs = positive('OTEL_METRIC_EXPORT_TIMEOUT') ?? EXPORT_TIMEOUT_MS;
  return { exportIntervalMillis, exportTimeoutMillis: Math.min(timeoutMs, exportIntervalMillis) };
}

function samplerNamed(name: typeof SAMPLER): Sampler {
  return (SAMPLERS[name] as () => Sampler)();
}

function ratio(): number {
  const value = getNumberFromEnv('OTEL_TRACES_SAMPLER_ARG');
  if (value !== undefined && value >= 0 && value <= 1) return value;
  diag.error('OTEL_TRACES_SAMPLER_ARG: takes a number from 0 to 1; 1 is used');
  return 1;
}

function positive(variable: string): number | undefined {
  const value = getNumberFromEnv(variable);
  if (value === undefined || value > 0) return value;
  diag.error(`${variable}: takes a number greater than 0; its default is used`);
  return undefined;
}
