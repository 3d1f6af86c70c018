import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Diagnostics } from './diagnostics.ts';

const ENVIRONMENT = {
  OTEL_EXPORTER_OTLP_HEADERS: 'authorization=Bearer%20planted-token, x-api-key = planted-key',
  OTEL_EXPORTER_OTLP_TRACES_HEADERS: 'x-other=planted-other',
};

let lines: string[];
let diagnostics: Diagnostics;

beforeEach(() => {
  vi.useFakeTimers();
  lines = [];
  diagnostics = new Diagnostics(pino({ level: 'trace' }, { write: (line: string) => lines.push(line) }), ENVIRONMENT);
});

afterEach(() => {
  vi.useRealTimers();
});

const told = () => lines.splice(0).map((line) => JSON.parse(line) as { level: number; msg: string });

it('writes what the SDK says at the level of the log, and what it caught without what was to be sent', () => {
  diagnostics.error('cannot', new TypeError('of a kind'), { spans: 'not shown' });
  diagnostics.warn('perhaps');
  diagnostics.info('by the way');
  diagnostics.verbose('in detail');
  diagnostics.caught(Object.assign(new Error('refused'), { data: 'not shown' }));
  expect(told()).toMatchObject([
    { level: 50, component: 'opentelemetry', msg: 'cannot TypeError: of a kind' },
    { level: 40, msg: 'perhaps' },
    { level: 20, msg: 'by the way' },
    { level: 10, msg: 'in detail' },
    { level: 40, msg: 'refused' },
  ]);
});

it('writes what differs in numbers alone once a minute', () => {
  for (let count = 0; count < 100; count++) diagnostics.warn(`dropped ${count} spans`);
  expect(told()).toHaveLength(1);
  vi.advanceTimersByTime(60_000);
  diagnostics.warn('dropped 7 spans');
  expect(told()).toHaveLength(1);
});

it('writes no value of a header, as it is given or as it is sent, and nothing secret of a URL', () => {
  diagnostics.error('headers: Bearer%20planted-token, Bearer planted-token');
  diagnostics.caught(
    new Error('planted-key and planted-other to https://user:planted-password@c/v1?token=planted-query'),
  );
  const text = told()
    .map(({ msg }) => msg)
    .join('\n');
  expect(text).not.toContain('planted');
  expect(text).toContain('https://(secret)@c/v1?(masked)');
});
