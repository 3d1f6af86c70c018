import { createNoopMeter } from '@opentelemetry/api';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { LostSpans } from './lost-spans.ts';

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

it('tells how many spans were lost and why: the first at once, more of them once a minute; what is sent is none', () => {
  const lines: string[] = [];
  const add = vi.fn();
  const meter = { ...createNoopMeter(), createCounter: () => ({ add }) };
  const lost = new LostSpans(pino({}, { write: (line: string) => lines.push(line) }));
  const counting = lost.counting({ getMeter: () => meter }).getMeter('sdk');
  const processed = counting.createCounter('otel.sdk.processor.span.processed');
  const told = () => lines.splice(0).map((line) => JSON.parse(line) as object);

  processed.add(512, {});
  counting.createCounter('another').add(1, { 'error.type': 'queue_full' });
  expect(told()).toEqual([]);
  processed.add(1, { 'error.type': 'queue_full' });
  expect(told()).toMatchObject([{ level: 40, spans: 1, reasons: { queue_full: 1 } }]);
  for (let span = 0; span < 999; span++) processed.add(1, { 'error.type': 'queue_full' });
  processed.add(512, { 'error.type': 'OTLPExporterError' });
  vi.advanceTimersByTime(59_999);
  expect(told()).toEqual([]);
  vi.advanceTimersByTime(1);
  expect(told()).toMatchObject([{ spans: 1_511, reasons: { queue_full: 999, OTLPExporterError: 512 } }]);
  vi.advanceTimersByTime(600_000);
  expect(told()).toEqual([]);
  processed.add(2, { 'error.type': 'queue_full' });
  expect(told()).toMatchObject([{ spans: 2 }]);
  expect(add).toHaveBeenCalledTimes(1_004);
});

it('counts without a provider for metrics, too', () => {
  const lines: string[] = [];
  const lost = new LostSpans(pino({}, { write: (line: string) => lines.push(line) }));
  const meter = lost.counting(undefined).getMeter('sdk');
  meter.createCounter('otel.sdk.processor.span.processed').add(3, { 'error.type': 'queue_full' });
  meter.createObservableUpDownCounter('otel.sdk.processor.span.queue.size').addCallback(() => undefined);
  expect(lines).toHaveLength(1);
});
