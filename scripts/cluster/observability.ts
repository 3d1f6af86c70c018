import { readFile, writeFile } from 'node:fs/promises';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import { freePort } from '@lockstep/testkit';
import { parse, stringify } from 'yaml';
import { DockerProject } from './docker-project.ts';
import type { SourceContext } from './server.ts';

const SERVICES = ['otel-collector', 'jaeger', 'prometheus', 'grafana'] as const;
const JOB = 'lockstep-gateway';
const LOOPBACK = '127.0.0.1';

/** Where traces and metrics of the nodes are shown. */
export interface Observability {
  readonly grafanaUrl: string;
  readonly prometheusUrl: string;
  readonly jaegerUrl: string;
  /** What each node is told, so that they come there. */
  readonly environments: readonly Readonly<Record<string, string>>[];
}

/** What it is started for. */
export interface ObservabilityContext extends SourceContext {
  readonly nodes: number;
  /** Of this run; it goes when the run ends. */
  readonly folder: string;
}

/**
 * Starts the collector, Jaeger, Prometheus and Grafana of infra/compose, where a Docker engine answers; undefined where
 * none does, or they do not start: a cluster does without.
 */
export async function startObservability(context: ObservabilityContext): Promise<Observability | undefined> {
  const { root, folder } = context;
  const ports = {
    grafana: await freePort(),
    prometheus: await freePort(),
    jaeger: await freePort(),
    otlp: await freePort(),
  };
  const metricsPorts = await Promise.all(Array.from({ length: context.nodes }, () => freePort()));
  const config = join(folder, 'prometheus.yml');
  const project = await DockerProject.open({
    ...context,
    files: ['compose.yaml', 'observability.yaml'],
    environment: {
      LOCKSTEP_GRAFANA_PORT: String(ports.grafana),
      LOCKSTEP_PROMETHEUS_PORT: String(ports.prometheus),
      LOCKSTEP_JAEGER_PORT: String(ports.jaeger),
      LOCKSTEP_OTLP_PORT: String(ports.otlp),
      LOCKSTEP_PROMETHEUS_CONFIG: config,
    },
  });
  if ('why' in project) return undefined;
  const scraping = await readFile(join(root, 'infra/prometheus/prometheus.yml'), 'utf8');
  const targets = metricsPorts.map((port) => `host.docker.internal:${port}`);
  await writeFile(config, stringify(scrape(parse(scraping), targets)), { mode: 0o644 });
  const gateway = await project.ask('network', 'inspect', 'bridge', '--format', '{{(index .IPAM.Config 0).Gateway}}');
  if ((await project.start(SERVICES)) !== undefined) return undefined;
  const host = reachableHost(
    gateway,
    Object.values(networkInterfaces())
      .flat()
      .map((it) => it?.address),
  );
  return {
    grafanaUrl: `http://${LOOPBACK}:${ports.grafana}`,
    prometheusUrl: `http://${LOOPBACK}:${ports.prometheus}`,
    jaegerUrl: `http://${LOOPBACK}:${ports.jaeger}`,
    environments: metricsPorts.map((port) => ({
      OTEL_TRACES_EXPORTER: 'otlp',
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://${LOOPBACK}:${ports.otlp}`,
      OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
      OTEL_METRICS_EXPORTER: 'prometheus',
      OTEL_EXPORTER_PROMETHEUS_HOST: host,
      OTEL_EXPORTER_PROMETHEUS_PORT: String(port),
    })),
  };
}

/**
 * Where a node listens so that a container reaches it as `host.docker.internal`: the bridge's address where the engine
 * runs on this machine itself; loopback where it runs in a virtual machine, as Docker Desktop does.
 */
export function reachableHost(gateway: string | undefined, own: readonly (string | undefined)[]): string {
  return gateway !== undefined && own.includes(gateway) ? gateway : LOOPBACK;
}

interface Scraping {
  readonly scrape_configs: readonly { readonly job_name: string }[];
}

/** Prometheus' configuration with these nodes in the place of those of infra/compose. */
function scrape(scraping: Scraping, targets: readonly string[]): Scraping {
  const jobs = scraping.scrape_configs.map((job) =>
    job.job_name === JOB ? { ...job, static_configs: [{ targets }] } : job,
  );
  return { ...scraping, scrape_configs: jobs };
}
