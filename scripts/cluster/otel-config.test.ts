/** The files of infra/otel: whether their parts fit together, and with infra/compose. */
import { expect, it } from 'vitest';
import { composeServices, fileOf } from './compose-files.ts';

const KINDS = ['receivers', 'processors', 'exporters', 'connectors', 'extensions'] as const;
/** What the images of infra/compose hold, as far as it is used here: a name that is not among them ends the start. */
const COMPONENTS: Readonly<Record<string, readonly string[]>> = {
  'collector.yaml': ['otlp', 'memory_limiter', 'batch', 'otlp_grpc', 'health_check'],
  'jaeger.yaml': ['otlp', 'batch', 'jaeger_storage_exporter', 'jaeger_storage', 'jaeger_query', 'healthcheckv2'],
};

type Section = Readonly<Record<string, Readonly<Record<string, unknown>> | null>>;
type Pipeline = Readonly<Record<string, readonly string[]>>;

interface Collector extends Partial<Record<(typeof KINDS)[number], Section>> {
  readonly service: { readonly extensions: readonly string[]; readonly pipelines: Readonly<Record<string, Pipeline>> };
}

function read(file: string): Collector {
  return fileOf(`otel/${file}`) as unknown as Collector;
}

/** The values of a property, wherever it is in there. */
function valuesOf(property: string, value: unknown): unknown[] {
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([name, inner]) => [
    ...(name === property ? [inner] : []),
    ...valuesOf(property, inner),
  ]);
}

it.each(Object.keys(COMPONENTS))(
  'every component that a pipeline of %s names is defined, and every one defined is named',
  (file) => {
    const { service, ...sections } = read(file);
    expect(Object.keys(sections).filter((name) => !KINDS.includes(name as never))).toEqual([]);
    for (const kind of KINDS) {
      const named =
        kind === 'extensions'
          ? service.extensions
          : Object.values(service.pipelines).flatMap((pipeline) => pipeline[kind] ?? []);
      expect([kind, Object.keys(sections[kind] ?? {}).sort()]).toEqual([kind, [...new Set(named)].sort()]);
    }
  },
);

it.each(Object.entries(COMPONENTS))('every component of %s is one that its image has', (file, known) => {
  const types = KINDS.flatMap((kind) => Object.keys(read(file)[kind] ?? {}).map((name) => name.replace(/\/.*/, '')));
  expect(types.filter((type) => !known.includes(type))).toEqual([]);
  for (const pipeline of Object.values(read(file).service.pipelines)) {
    expect(Object.keys(pipeline)).toEqual(['receivers', 'processors', 'exporters']);
  }
});

it('the collector refuses before it is out of memory, and bounds what waits', () => {
  const { processors, exporters, service } = read('collector.yaml');
  for (const pipeline of Object.values(service.pipelines))
    expect(pipeline['processors']).toEqual(['memory_limiter', 'batch']);
  const limiter = processors?.['memory_limiter'] as { limit_mib: number; spike_limit_mib: number };
  expect(limiter.spike_limit_mib).toBeLessThan(limiter.limit_mib);
  const { environment, ...container } = composeServices()['otel-collector'] as {
    environment: object;
    mem_limit: string;
  };
  expect(Number.parseInt(container.mem_limit, 10)).toBeGreaterThan(limiter.limit_mib + 50);
  expect(environment).toEqual({ GOMEMLIMIT: `${limiter.limit_mib * 0.8}MiB` });
  for (const exporter of Object.values(exporters ?? {})) {
    expect(exporter).toMatchObject({
      sending_queue: { queue_size: expect.any(Number) },
      retry_on_failure: { max_elapsed_time: expect.any(String) },
    });
  }
});

it('what a node sends arrives at Jaeger: every address is one where the next listens', () => {
  const services = composeServices();
  const listening = (file: string): unknown[] => valuesOf('endpoint', read(file).receivers);
  const variables = services['gateway-1']?.environment ?? {};
  const { hostname, port } = new URL(variables['OTEL_EXPORTER_OTLP_ENDPOINT'] ?? '');
  expect(hostname).toBe('otel-collector');
  expect(variables['OTEL_EXPORTER_OTLP_PROTOCOL']).toBe('http/protobuf');
  expect(listening('collector.yaml')).toContain(`0.0.0.0:${port}`);
  const [to = ''] = valuesOf('endpoint', read('collector.yaml').exporters).map(String);
  expect(to.split(':')[0]).toBe('jaeger');
  expect(listening('jaeger.yaml')).toEqual([`0.0.0.0:${to.split(':')[1]}`]);
});

it('Jaeger keeps a bounded number of traces in the storage that it shows', () => {
  const { extensions, exporters } = read('jaeger.yaml');
  const [storage = ''] = valuesOf('trace_storage', exporters);
  expect(valuesOf('traces', extensions)).toEqual([storage]);
  expect(valuesOf(String(storage), extensions)).toEqual([{ memory: { max_traces: expect.any(Number) } }]);
});
