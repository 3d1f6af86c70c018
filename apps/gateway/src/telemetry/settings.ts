import type { ConfigProblem, Environment } from '@lockstep/config';

/** How OTLP is sent. */
export type OtlpProtocol = 'grpc' | 'http/protobuf' | 'http/json';

/** Where spans go. */
type TraceExporter = { readonly kind: 'otlp'; readonly protocol: OtlpProtocol } | { readonly kind: 'console' };

/** Where metrics go; `prometheus`: they are fetched. */
type MetricExporter = TraceExporter | { readonly kind: 'prometheus'; readonly host: string; readonly port: number };

/** What the OTEL_* variables ask for. What they say of how it is done is read by the SDK. */
export interface TelemetrySettings {
  readonly traces: readonly TraceExporter[];
  readonly metrics: readonly MetricExporter[];
  /** What is wrong without keeping telemetry from its place, for the log. */
  readonly notes: readonly string[];
}

/** The settings; undefined: nothing is asked for. Else what is wrong with them. */
export type ReadTelemetry =
  | { readonly ok: true; readonly value: TelemetrySettings | undefined }
  | { readonly ok: false; readonly problems: readonly ConfigProblem[] };

const PROTOCOLS: readonly OtlpProtocol[] = ['grpc', 'http/protobuf', 'http/json'];
const TRACE_EXPORTERS = ['otlp', 'console', 'none'];
const METRIC_EXPORTERS = ['otlp', 'prometheus', 'console', 'none'];
/** As in the specification of the SDK's variables. */
const SCRAPE_HOST = 'localhost';
const SCRAPE_PORT = 9464;
const VALUE_LENGTH_MAX = 64;

/**
 * Reads what the OTEL_* variables ask for. A signal is on where its `OTEL_<SIGNAL>_EXPORTER` says so, or where there is an
 * OTLP endpoint for it: a variable about one signal does not turn on another, and without any there is no telemetry.
 */
export function readTelemetrySettings(environment: Environment): ReadTelemetry {
  const problems: ConfigProblem[] = [];
  const reader = new Reader(environment, problems);
  if (reader.text('OTEL_SDK_DISABLED')?.toLowerCase() === 'true') return { ok: true, value: undefined };
  const traces = reader.exporters('TRACES', TRACE_EXPORTERS).map((kind) => {
    return kind === 'otlp' ? reader.otlp('TRACES') : { kind: 'console' as const };
  });
  const metrics = reader.exporters('METRICS', METRIC_EXPORTERS).map((kind): MetricExporter => {
    if (kind === 'otlp') return reader.otlp('METRICS');
    return kind === 'console' ? { kind } : { kind: 'prometheus', ...reader.scrapeAddress() };
  });
  if (problems.length > 0) return { ok: false, problems };
  if (traces.length === 0 && metrics.length === 0) return { ok: true, value: undefined };
  return { ok: true, value: { traces, metrics, notes: reader.notes() } };
}

class Reader {
  readonly #environment: Environment;
  readonly #problems: ConfigProblem[];

  constructor(environment: Environment, problems: ConfigProblem[]) {
    this.#environment = environment;
    this.#problems = problems;
  }

  /** A variable without white space around it; one without anything else counts as not set. */
  text(variable: string): string | undefined {
    const value = this.#environment[variable]?.trim();
    return value === '' ? undefined : value;
  }

  exporters(signal: 'TRACES' | 'METRICS', known: readonly string[]): readonly string[] {
    const variable = `OTEL_${signal}_EXPORTER`;
    const given = this.text(variable);
    if (given === undefined) return this.#endpoint(signal) === undefined ? [] : ['otlp'];
    const names = [...new Set(given.split(',').map((name) => name.trim()))].filter((name) => name !== '');
    const unknown = names.filter((name) => !known.includes(name));
    for (const name of unknown) this.#wrong(variable, name, `${known.join(', ')}, or several with commas between`);
    return names.includes('none') || unknown.length > 0 ? [] : names;
  }

  otlp(signal: 'TRACES' | 'METRICS'): { readonly kind: 'otlp'; readonly protocol: OtlpProtocol } {
    const own = `OTEL_EXPORTER_OTLP_${signal}_PROTOCOL`;
    const variable = this.text(own) === undefined ? 'OTEL_EXPORTER_OTLP_PROTOCOL' : own;
    const given = this.text(variable) ?? 'http/protobuf';
    const protocol = PROTOCOLS.find((name) => name === given);
    if (protocol === undefined) this.#wrong(variable, given, PROTOCOLS.join(', '));
    const endpoint = this.#endpoint(signal);
    if (endpoint !== undefined) this.#checkEndpoint(endpoint, protocol === 'grpc');
    return { kind: 'otlp', protocol: protocol ?? 'http/protobuf' };
  }

  scrapeAddress(): { readonly host: string; readonly port: number } {
    const variable = 'OTEL_EXPORTER_PROMETHEUS_PORT';
    const given = this.text(variable) ?? String(SCRAPE_PORT);
    const port = /^\d{1,5}$/.test(given) ? Number(given) : Number.NaN;
    if (!(port <= 65_535)) this.#wrong(variable, given, 'a whole number from 0 to 65535; 0 takes any free port');
    return { host: this.text('OTEL_EXPORTER_PROMETHEUS_HOST') ?? SCRAPE_HOST, port };
  }

  notes(): readonly string[] {
    const notes: string[] = [];
    const logs = this.text('OTEL_LOGS_EXPORTER');
    if (logs !== undefined && logs !== 'none') {
      notes.push(
        'OTEL_LOGS_EXPORTER has no effect: the log is on standard output, with the ids of traces in its lines',
      );
    }
    if (this.text('OTEL_CONFIG_FILE') !== undefined) {
      notes.push('OTEL_CONFIG_FILE has no effect: telemetry is set by the other OTEL_* variables');
    }
    for (const variable of Object.keys(this.#environment)) {
      if (!/^OTEL_EXPORTER_OTLP_((TRACES|METRICS)_)?HEADERS$/.test(variable)) continue;
      const pairs = this.text(variable)?.split(',') ?? [];
      if (!pairs.every(isPair))
        notes.push(`${variable}: takes key=value, or several with commas between; one is not sent`);
    }
    return notes;
  }

  #endpoint(signal: 'TRACES' | 'METRICS'): { readonly variable: string; readonly value: string } | undefined {
    for (const variable of [`OTEL_EXPORTER_OTLP_${signal}_ENDPOINT`, 'OTEL_EXPORTER_OTLP_ENDPOINT']) {
      const value = this.text(variable);
      if (value !== undefined) return { variable, value };
    }
    return undefined;
  }

  /** A URL; for gRPC also a host and a port. What is wrong is not shown: it may have a password in it. */
  #checkEndpoint({ variable, value }: { readonly variable: string; readonly value: string }, isGrpc: boolean): void {
    if (isGrpc && /^[\w.-]+:\d{1,5}$/.test(value)) return;
    const protocol = URL.canParse(value) ? new URL(value).protocol : '';
    if (protocol === 'http:' || protocol === 'https:') return;
    const takes = isGrpc ? 'http://host:port, https://host:port, or host:port' : 'a URL http://… or https://…';
    this.#wrong(variable, undefined, takes);
  }

  #wrong(path: string, got: string | undefined, takes: string): void {
    if (this.#problems.some((problem) => problem.path === path && problem.takes === takes)) return;
    const shown = got === undefined ? 'something else' : `${JSON.stringify(got.slice(0, VALUE_LENGTH_MAX))} (text)`;
    this.#problems.push({ path, got: shown, takes });
  }
}

function isPair(pair: string): boolean {
  return /^\s*[^=\s]+\s*=\s*\S/.test(pair);
}
