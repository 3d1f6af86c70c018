import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { parse } from 'yaml';
import { reachableHost, startObservability } from './observability.ts';
import { standInDocker } from './stand-in-docker.ts';

const root = join(import.meta.dirname, '../..');
const docker = standInDocker();

function start() {
  const { signal } = new AbortController();
  const { folder, closing } = docker;
  return startObservability({ nodes: 2, folder, root, closing, signal, say: (line) => docker.said.push(line) });
}

it('where an engine answers, it is started for the nodes of this run, which are told where to send, and removed', async () => {
  docker.answers('exit 0');
  const found = await start();
  expect(await docker.closing.run()).toEqual([]);
  const calls = docker
    .lines('calls')
    .map((call) => call.replace(/--project-name \S+ /, '').replaceAll(`${root}/infra/compose/`, ''));
  expect(calls).toEqual([
    'info --format {{.ServerVersion}}',
    'compose version',
    'network inspect bridge --format {{(index .IPAM.Config 0).Gateway}}',
    'compose --file compose.yaml --file observability.yaml up --detach --wait --no-build otel-collector jaeger prometheus grafana',
    'compose --file compose.yaml --file observability.yaml down --volumes --timeout 5',
  ]);
  const variables = Object.fromEntries(docker.lines('variables').map((line) => line.split('=')));
  const at = (name: string): string => `http://127.0.0.1:${variables[`LOCKSTEP_${name}_PORT`]}`;
  expect(found).toMatchObject({ grafanaUrl: at('GRAFANA'), prometheusUrl: at('PROMETHEUS'), jaegerUrl: at('JAEGER') });
  const ports = found?.environments.map((environment) => environment['OTEL_EXPORTER_PROMETHEUS_PORT']);
  for (const environment of found?.environments ?? []) {
    expect(environment).toMatchObject({ OTEL_EXPORTER_OTLP_ENDPOINT: at('OTLP'), OTEL_METRICS_EXPORTER: 'prometheus' });
  }
  const { scrape_configs: jobs, rule_files: rules } = parse(
    readFileSync(variables['LOCKSTEP_PROMETHEUS_CONFIG'], 'utf8'),
  );
  expect(jobs).toEqual([
    expect.objectContaining({
      job_name: 'lockstep-gateway',
      static_configs: [{ targets: ports?.map((port) => `host.docker.internal:${port}`) }],
    }),
  ]);
  expect(rules).toEqual(['rules/*.rules.yml']);
});

it('where it does not start, it says why, leaves nothing, and the nodes are told nothing', async () => {
  docker.answers('case "$*" in *" up "*) echo "no such image" >&2; exit 1 ;; esac');
  expect(await start()).toBeUndefined();
  expect(docker.said.at(-1)).toBe(
    'Docker could not start otel-collector, jaeger, prometheus and grafana: no such image',
  );
  expect(docker.lines('calls').at(-1)).toMatch(/ down --volumes --timeout 5$/);
});

it('where no engine answers, nothing is said or started', async () => {
  docker.answers('exit 1');
  expect(await start()).toBeUndefined();
  expect([docker.said, docker.lines('calls').length]).toEqual([[], 1]);
});

it("nodes listen on the bridge where that is this machine's own, and on loopback where the engine is in a virtual machine", () => {
  expect(reachableHost('172.17.0.1', ['127.0.0.1', '172.17.0.1'])).toBe('172.17.0.1');
  expect(reachableHost('172.17.0.1', ['127.0.0.1', '192.168.1.7'])).toBe('127.0.0.1');
  expect(reachableHost(undefined, ['127.0.0.1'])).toBe('127.0.0.1');
});
