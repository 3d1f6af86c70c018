// Metrics
export type { Durations, MetricDescription, Observe, ObservedMetric, RecordedMetric } from './metrics.ts';
export { createDurations, isMetering, OBSERVED, observeMetrics, RECORDED, SECONDS_BOUNDARIES } from './metrics.ts';

// Names
export { ATTRIBUTES, SCOPE, SPANS } from './names.ts';

// Traces
export type { SpanPlace, TracingConfig } from './tracing.ts';
export { detached, errorType, failed, spanning, Tracing, within } from './tracing.ts';
