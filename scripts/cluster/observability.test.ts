import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { parse } from 'yaml';
import { Closing } from './closing.ts';
import { reachableHost, startObservability } from './observability.ts';

const root = join(import.meta.dirname, '../..');
let folder: string;
let closing: Closing;
const said: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-observability-'));
  closing = new Closing();
  said.length = 0;
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env['PATH']}`);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** Puts a `docker` on the PATH that records its arguments, and the variables of compose, and ends as the script says. */
function fakeDocker(script: string): void {
  const record = `echo "$*" >>${folder}/calls\nenv | grep ^LOCKSTEP_ >${folder}/variables`;
  writeFileSync(join(folder, 'docker'), `#!/bin/sh\n${record}\n${script}\n`, { mode: 0o755 });
}

function lines(file: string): string[] {
  return readFileSync(join(folder, file), 'utf8').trim().split('\n');
}

function start() {
  const { signal } = new AbortController();
  return startObservability({ nodes: 2, folder, root, closing, signal, say: (line) => said.push(line) });
}

it('where an engine answers, it is started for the nodes of this run, which are told where to send, and removed', async () => {
  fakeDocker('exit 0');
  const found = await start();
  expect(await closing.run()).toEqual([]);
  const calls = lines('calls').map((call) =>
    call.replace(/--project-name \S+ /, '').replaceAll(`${root}/infra/compose/`, ''),
  );
  expect(calls).toEqual([
    'info --format {{.ServerVersion}}',
    'compose version',
    'network inspect bridge --format {{(index .IPAM.Config 0).Gateway}}',
    'compose --file compose.yaml --file observability.yaml up --detach --wait --no-build otel-collector jaeger prometheus grafana',
    'compose --file compose.yaml --file observability.yaml down --volumes --timeout 5',
  ]);
  const variables = Object.fromEntries(lines('variables').map((line) => line.split('=')));
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
  fakeDocker('case "$*" in *" up "*) echo "no such image" >&2; exit 1 ;; esac');
  expect(await start()).toBeUndefined();
  expect(said.at(-1)).toBe('Docker could not start otel-collector, jaeger, prometheus and grafana: no such image');
  expect(lines('calls').at(-1)).toMatch(/ down --volumes --timeout 5$/);
});

it('where no engine answers, nothing is said or started', async () => {
  fakeDocker('exit 1');
  expect(await start()).toBeUndefined();
  expect([said, lines('calls').length]).toEqual([[], 1]);
});

it("nodes listen on the bridge where that is this machine's own, and on loopback where the engine is in a virtual machine", () => {
  expect(reachableHost('172.17.0.1', ['127.0.0.1', '172.17.0.1'])).toBe('172.17.0.1');
  expect(reachableHost('172.17.0.1', ['127.0.0.1', '192.168.1.7'])).toBe('127.0.0.1');
  expect(reachableHost(undefined, ['127.0.0.1'])).toBe('127.0.0.1');
});
