import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { AdminClient } from '@lockstep/admin-client';
import type { ChaosProxy, OtlpReceiver, RunningServer } from '@lockstep/testkit';
import { freePort, startNats, startProxy, startReaper, startRedis, waitFor } from '@lockstep/testkit';
import { adminOf, adminText } from './admin-harness.ts';
import type { ServerEntry, TestClient } from './harness.ts';
import { connectClient, SECRET } from './harness.ts';
import type { NodeProcess } from './node-process.ts';
import { startProcess } from './node-process.ts';
import { Prometheus } from './prometheus.ts';

const NODES = ['gateway-1', 'gateway-2', 'gateway-3'];

/** What nodes are started with. */
export interface ObservedOptions {
  readonly servers: readonly ServerEntry[];
  /** Settings of the gateway, as in a file. */
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Variables of every node, as `OTEL_TRACES_EXPORTER`. */
  readonly environment?: Readonly<Record<string, string>>;
}

/** One node: a process, with ways of its own to the tier and the bus. */
export interface ObservedNode {
  readonly name: string;
  readonly process: NodeProcess;
  readonly tier: ChaosProxy;
  readonly bus: ChaosProxy;
  readonly client: TestClient;
  readonly admin: AdminClient;
  /** What it says of itself at `/readyz`. */
  state(): Promise<string>;
}

/** Three gateway nodes on one tier and one bus, and a Prometheus that scrapes each of them once a second. */
export interface ObservedCluster {
  readonly nodes: readonly [ObservedNode, ObservedNode, ObservedNode];
  readonly prometheus: Prometheus;
  /** When Prometheus began, in seconds since 1970. */
  readonly since: number;
  /** Resolves when each node says this of itself. */
  allSay(state: string): Promise<unknown>;
  stop(): Promise<void>;
}

export async function startObservedCluster(options: ObservedOptions): Promise<ObservedCluster> {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-observed-'));
  const config = join(folder, 'gateway.json');
  writeFileSync(config, adminText(options.servers, { secret: SECRET, logLevel: 'info', ...options.settings }));
  const [tier, bus] = await Promise.all([startRedis(), startNats()]);
  const ports = await Promise.all(NODES.map(() => freePort()));
  const start = (name: string, index: number) =>
    startObservedNode({ name, config, tier, bus, port: ports[index] ?? 0, environment: options.environment ?? {} });
  const nodes = (await Promise.all(NODES.map(start))) as unknown as ObservedCluster['nodes'];
  const since = Date.now() / 1_000;
  const prometheus = await Prometheus.start(
    Object.fromEntries(NODES.map((name, index) => [name, `127.0.0.1:${ports[index]}`])),
  );
  const allSay = (state: string): Promise<unknown> =>
    waitFor(async () => (await Promise.all(nodes.map((node) => node.state()))).every((said) => said === state), {
      what: `three nodes that say ${state}`,
      timeoutMs: 20_000,
    });
  const stop = async (): Promise<void> => {
    await prometheus.stop();
    await Promise.all(nodes.map(stopNode));
    await Promise.all([tier.stop(), bus.stop()]);
    await rm(folder, { recursive: true, force: true });
  };
  return { nodes, prometheus, since, allSay, stop };
}

/** The variables of a node that is to send its spans there, soon. */
export function sendingTo({ url }: OtlpReceiver): Readonly<Record<string, string>> {
  return {
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_EXPORTER_OTLP_ENDPOINT: url,
    OTEL_EXPORTER_OTLP_PROTOCOL: 'http/protobuf',
    OTEL_BSP_SCHEDULE_DELAY: '200',
  };
}

interface NodePlace {
  readonly name: string;
  readonly config: string;
  readonly tier: RunningServer;
  readonly bus: RunningServer;
  /** Where its metrics are fetched. */
  readonly port: number;
  readonly environment: Readonly<Record<string, string>>;
}

async function startObservedNode(place: NodePlace): Promise<ObservedNode> {
  const [tier, bus] = await Promise.all([
    startProxy({ target: place.tier.url }),
    startProxy({ target: place.bus.url }),
  ]);
  const process = startProcess(['--config', place.config], {
    LOCKSTEP_TIER_URL: tier.url,
    LOCKSTEP_BUS_URL: bus.url,
    OTEL_METRICS_EXPORTER: 'prometheus',
    OTEL_EXPORTER_PROMETHEUS_HOST: '127.0.0.1',
    OTEL_EXPORTER_PROMETHEUS_PORT: String(place.port),
    OTEL_RESOURCE_ATTRIBUTES: `service.instance.id=${place.name}`,
    ...place.environment,
  });
  const reaper = startReaper(process.pid, '');
  void process.exited.then(() => reaper.dismiss());
  const { url, adminUrl } = await listening(process);
  const state = async (): Promise<string> => {
    const answer = await fetch(url.replace('/mcp', '/readyz'));
    return ((await answer.json()) as { status: string }).status;
  };
  return {
    name: place.name,
    process,
    tier,
    bus,
    client: await connectClient(url),
    admin: adminOf({ adminUrl }),
    state,
  };
}

function listening({
  child,
  stdout,
  stderr,
}: NodeProcess): Promise<{ readonly url: string; readonly adminUrl: string }> {
  const addresses = () => {
    if (child.exitCode !== null) throw new Error(`it ended: ${stderr()}`);
    const [, url, adminUrl] = /"url":"([^"]+)","adminUrl":"([^"]+)"/.exec(stdout()) ?? [];
    return url !== undefined && adminUrl !== undefined && { url, adminUrl };
  };
  return waitFor(addresses, { what: 'the node to listen', timeoutMs: 30_000 });
}

async function stopNode({ process, client, tier, bus }: ObservedNode): Promise<void> {
  await client.close().catch(() => undefined);
  process.child.kill('SIGTERM');
  await process.exited;
  await Promise.all([tier.close(), bus.close()]);
}
