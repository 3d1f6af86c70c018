import { describe, expect, it } from 'vitest';
import { readTelemetrySettings } from './settings.ts';

const read = (environment: Record<string, string>) => {
  const result = readTelemetrySettings(environment);
  if (!result.ok) throw new Error(JSON.stringify(result.problems));
  return result.value;
};
const problems = (environment: Record<string, string>) => {
  const result = readTelemetrySettings(environment);
  return result.ok ? [] : result.problems;
};
const OTLP = { kind: 'otlp', protocol: 'http/protobuf' };

describe('what the OTEL_* variables ask for', () => {
  it.each<[string, Record<string, string>]>([
    ['no variable', {}],
    [
      'only how something is done',
      { OTEL_SERVICE_NAME: 'x', OTEL_TRACES_SAMPLER: 'always_on', OTEL_LOG_LEVEL: 'debug' },
    ],
    ['an empty variable', { OTEL_TRACES_EXPORTER: ' ', OTEL_EXPORTER_OTLP_ENDPOINT: '' }],
    [
      'none',
      { OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none', OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:1' },
    ],
    ['a disabled SDK', { OTEL_SDK_DISABLED: 'TRUE', OTEL_TRACES_EXPORTER: 'otlp' }],
  ])('nothing, by %s', (_, environment) => {
    expect(read(environment)).toBeUndefined();
  });

  it('one signal does not turn on the other; an endpoint turns on both, its own one alone', () => {
    const prometheus = { kind: 'prometheus', host: 'localhost', port: 9464 };
    expect(read({ OTEL_METRICS_EXPORTER: 'prometheus' })).toEqual({ traces: [], metrics: [prometheus], notes: [] });
    expect(read({ OTEL_TRACES_EXPORTER: 'otlp' })).toEqual({ traces: [OTLP], metrics: [], notes: [] });
    expect(read({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' })).toMatchObject({ traces: [OTLP], metrics: [OTLP] });
    expect(read({ OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: 'https://c/t' })).toMatchObject({ traces: [OTLP], metrics: [] });
  });

  it('several exporters of one signal, each with a protocol of its own signal', () => {
    const environment = {
      OTEL_TRACES_EXPORTER: 'console, otlp,console',
      OTEL_METRICS_EXPORTER: 'prometheus,otlp',
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json',
      OTEL_EXPORTER_OTLP_METRICS_PROTOCOL: 'grpc',
      OTEL_EXPORTER_OTLP_METRICS_ENDPOINT: 'collector:4317',
      OTEL_EXPORTER_PROMETHEUS_HOST: '0.0.0.0',
      OTEL_EXPORTER_PROMETHEUS_PORT: '0',
    };
    expect(read(environment)).toMatchObject({
      traces: [{ kind: 'console' }, { kind: 'otlp', protocol: 'http/json' }],
      metrics: [
        { kind: 'prometheus', host: '0.0.0.0', port: 0 },
        { kind: 'otlp', protocol: 'grpc' },
      ],
    });
  });

  it.each([
    ['OTEL_TRACES_EXPORTER', 'zipkin', /otlp, console, none/],
    ['OTEL_METRICS_EXPORTER', 'otlp,promethus', /prometheus/],
    ['OTEL_EXPORTER_OTLP_PROTOCOL', 'http', /grpc, http\/protobuf/],
    ['OTEL_EXPORTER_OTLP_TRACES_PROTOCOL', 'protobuf', /grpc/],
    ['OTEL_EXPORTER_PROMETHEUS_PORT', '94640', /from 0 to 65535/],
    ['OTEL_EXPORTER_PROMETHEUS_PORT', '-1', /from 0 to 65535/],
  ])('%s=%s is refused: the variable, what it says, and what it takes', (variable, value, takes) => {
    const around = { OTEL_TRACES_EXPORTER: 'otlp', OTEL_METRICS_EXPORTER: 'prometheus' };
    const [problem, ...others] = problems({ ...around, [variable]: value });
    expect(others).toEqual([]);
    expect(problem).toMatchObject({ path: variable, takes: expect.stringMatching(takes) });
    expect(problem?.got).toContain(value.split(',').at(-1));
  });

  it('an endpoint that is no URL is refused, and not shown: it may have a password in it', () => {
    for (const value of ['collector:4318', 'ftp://user:hidden@c', '//user:hidden@c', 'hidden']) {
      const found = problems({ OTEL_EXPORTER_OTLP_ENDPOINT: value });
      expect(found).toMatchObject([{ path: 'OTEL_EXPORTER_OTLP_ENDPOINT' }]);
      expect(JSON.stringify(found)).not.toContain('hidden');
    }
  });

  it('notes what has no effect, and headers that are none, without their values', () => {
    const settings = read({
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_LOGS_EXPORTER: 'otlp',
      OTEL_CONFIG_FILE: '/etc/otel.yaml',
      OTEL_EXPORTER_OTLP_HEADERS: 'a=1,hidden',
    });
    expect(settings?.notes).toHaveLength(3);
    for (const variable of ['OTEL_LOGS_EXPORTER', 'OTEL_CONFIG_FILE', 'OTEL_EXPORTER_OTLP_HEADERS']) {
      expect(settings?.notes.join('\n')).toContain(variable);
    }
    expect(settings?.notes.join('\n')).not.toContain('hidden');
  });
});
