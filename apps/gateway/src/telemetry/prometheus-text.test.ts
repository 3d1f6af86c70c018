import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { expect, it } from 'vitest';
import { prometheusText } from './prometheus-text.ts';

class Reader extends MetricReader {
  protected override async onForceFlush(): Promise<void> {
    // It is asked.
  }

  protected override async onShutdown(): Promise<void> {
    // It has nothing to end.
  }
}

it('writes counters, gauges and histograms under the names that Prometheus has for them', async () => {
  const reader = new Reader();
  const meter = new MeterProvider({ readers: [reader] }).getMeter('m');
  meter.createCounter('lockstep.lookups', { unit: '{lookup}', description: 'Back\\slash\nnew line' }).add(2, {
    'lockstep.namespace': 'a "quoted" \\ name\n',
  });
  meter.createCounter('already.total').add(1);
  meter.createUpDownCounter('queue.size', { unit: '{span}' }).add(-3);
  meter.createObservableGauge('lockstep.near.size', { unit: 'By' }).addCallback((result) => result.observe(7));
  meter.createObservableGauge('lockstep.bus.connected', { unit: '1' }).addCallback((result) => result.observe(1));
  meter.createObservableGauge('not.finite').addCallback((result) => result.observe(Number.POSITIVE_INFINITY));
  const advice = { explicitBucketBoundaries: [0.001, 1] };
  const duration = meter.createHistogram('lockstep.lookup.duration', { unit: 's', advice });
  for (const value of [2 ** -10, 0.5, 2]) duration.record(value, { 'lockstep.source': 'tier' });
  const text = prometheusText((await reader.collect()).resourceMetrics);
  const lines = text.split('\n');
  for (const line of [
    '# HELP lockstep_lookups_total Back\\\\slash\\nnew line',
    '# TYPE lockstep_lookups_total counter',
    'lockstep_lookups_total{lockstep_namespace="a \\"quoted\\" \\\\ name\\n"} 2',
    'already_total 1',
    '# TYPE queue_size gauge',
    'queue_size -3',
    'lockstep_near_size_bytes 7',
    'lockstep_bus_connected 1',
    'not_finite +Inf',
    '# TYPE lockstep_lookup_duration_seconds histogram',
    'lockstep_lookup_duration_seconds_bucket{lockstep_source="tier",le="0.001"} 1',
    'lockstep_lookup_duration_seconds_bucket{lockstep_source="tier",le="1"} 2',
    'lockstep_lookup_duration_seconds_bucket{lockstep_source="tier",le="+Inf"} 3',
    'lockstep_lookup_duration_seconds_sum{lockstep_source="tier"} 2.5009765625',
    'lockstep_lookup_duration_seconds_count{lockstep_source="tier"} 3',
  ]) {
    expect(lines).toContain(line);
  }
  expect(text).toMatch(/^target_info\{.*service_name="/m);
});

it('attributes whose names come to one label are one label, and their values are both there', async () => {
  const reader = new Reader();
  const meter = new MeterProvider({ readers: [reader] }).getMeter('m');
  meter.createCounter('twice').add(1, { 'service.name': 'a', service_name: 'b' });
  const text = prometheusText((await reader.collect()).resourceMetrics);
  expect(text.split('\n')).toContain('twice_total{service_name="a;b"} 1');
});
