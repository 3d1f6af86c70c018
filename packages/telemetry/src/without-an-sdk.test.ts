import { trace } from '@opentelemetry/api';
import { expect, test, vi } from 'vitest';
import { createDurations, isMetering, observeMetrics, spanning, Tracing } from './index.ts';

test('without an SDK no span is begun, and nothing is read or recorded', async () => {
  const begun = vi.spyOn(trace.getTracer('lockstep'), 'startSpan');
  const tracing = new Tracing({ lookups: 'all', requireParentSpan: false });
  expect(tracing.isOn).toBe(false);
  expect(tracing.start('lockstep.lookup', {}, true)).toBeUndefined();
  expect(tracing.part('lockstep.load', {})).toBeUndefined();
  expect(tracing.remote({ traceId: '1'.repeat(32), spanId: '2'.repeat(16), flags: 1 }, 'x', {})).toBeUndefined();
  expect(tracing.place()).toBeUndefined();
  expect(await spanning(undefined, async () => 1)).toBe(1);
  expect(begun).not.toHaveBeenCalled();
  expect(isMetering()).toBe(false);
  createDurations().lookup.record(1);
  const read = vi.fn();
  observeMetrics(read)();
  expect(read).not.toHaveBeenCalled();
});
