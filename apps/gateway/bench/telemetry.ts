/**
 * What telemetry costs a node: `tools/list` of 20 servers, hot in the near-cache, which takes 40 lookups, with several kinds
 * of telemetry (traces to a collector by OTLP over HTTP, metrics fetched once a second), beside the same node without; and
 * how long it takes to fetch the metrics of a node with 50 namespaces. Each node, and the collector, runs in a process of
 * its own. Compared are answers a second of processor time of the one that answers: answers a second by the clock say more
 * of the machine, where it is busy.
 *
 *   node --conditions=@lockstep/source bench/telemetry.ts
 */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { openLockstep } from '@lockstep/cache';
import { startRedis } from '@lockstep/testkit';
import { connectKeydb } from '@lockstep/tier-keydb';
import { pino } from 'pino';
import { startTelemetry } from '../src/telemetry/sdk.ts';
import { readTelemetrySettings } from '../src/telemetry/settings.ts';
import type { Rates, Served } from './served.ts';
import { median, rate, report, SERVERS, serveGateway, start, warmUp } from './served.ts';

const ROUNDS = 7;
const ROUND_MS = 2_000;
const WARM_UP_ANSWERS = 4_000;
const RATIO_MIN = 0.9;
const NAMESPACES = 50;
const KEYS = 20;
const FETCHES = 40;
const FETCH_MS_MAX = 20;
const FETCHED_EVERY_MS = 1_000;
const SECRET = '0123456789abcdef0123456789abcdef';

/** Takes whatever it is sent. */
async function serveCollector(): Promise<string> {
  const server = createServer((request, response) => {
    request.resume();
    request.once('end', () => response.writeHead(200, { 'content-type': 'application/x-protobuf' }).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

/** Starts what the environment asks for; answers where its metrics are. */
async function observed(): Promise<string> {
  const read = readTelemetrySettings(process.env);
  if (!read.ok || read.value === undefined) throw new Error('no telemetry is asked for');
  const logger = pino({ level: 'warn' });
  const telemetry = await startTelemetry({ settings: read.value, environment: process.env, version: '0', logger });
  return telemetry.scrapeUrl ?? '';
}

/** A node with many namespaces, each of which has answered in every way; answers where its metrics are. */
async function serveNamespaces(): Promise<string> {
  const tier = await startRedis();
  const options = { secret: SECRET, tier: connectKeydb({ url: tier.url, cluster: 'bench' }) };
  const names = Array.from({ length: NAMESPACES }, (_, index) => `namespace-${index}`);
  const keys = Array.from({ length: KEYS }, (_, index) => `key-${index}`);
  const filler = await openLockstep(options);
  for (const name of names) {
    const namespace = filler.namespace<string>(name, { ttl: 60_000 });
    await Promise.all(keys.map((key) => namespace.set(key, key)));
  }
  const url = await observed();
  const lockstep = await openLockstep({ ...options, tier: connectKeydb({ url: tier.url, cluster: 'bench' }) });
  for (const name of names) {
    const namespace = lockstep.namespace<string>(name, { ttl: 60_000 });
    for (let turn = 0; turn < 100; turn++) await Promise.all(keys.map((key) => namespace.get(key)));
    await namespace.getOrLoad('loaded', async () => 'loaded');
    await namespace.getOrLoad('failed', () => Promise.reject(new Error('a failed load'))).catch(() => undefined);
    await namespace.get('missing');
    await namespace.clear('key-0');
  }
  return url;
}

const TRACED = {
  OTEL_METRICS_EXPORTER: 'prometheus',
  OTEL_EXPORTER_PROMETHEUS_PORT: '0',
  OTEL_BSP_MAX_QUEUE_SIZE: '65536',
};

/** A node with one kind of telemetry, and what it answered. */
interface Variant {
  readonly name: string;
  readonly node: Served;
  readonly metricsUrl: string;
  readonly rates: Rates[];
}

async function variant(name: string, args: readonly string[], environment: Record<string, string>): Promise<Variant> {
  const node = await start(import.meta.filename, ['gateway', ...args], environment);
  const [url = '', metricsUrl = ''] = node.url.split(' ');
  return { name, node: { ...node, url }, metricsUrl, rates: [] };
}

async function compareRates(): Promise<boolean> {
  const collector = await start(import.meta.filename, ['collector']);
  const traced = { ...TRACED, OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.url}/v1/traces` };
  const plain = await variant('no telemetry', ['all'], {});
  const all = await variant('every lookup a span', ['all', 'observed'], traced);
  const variants = [
    plain,
    await variant('metrics alone', ['all', 'observed'], TRACED),
    await variant('nothing sampled', ['all', 'observed'], { ...traced, OTEL_TRACES_SAMPLER: 'always_off' }),
    await variant('misses a span', ['misses', 'observed'], traced),
    all,
  ];
  const observed = variants.filter(({ metricsUrl }) => metricsUrl !== '');
  const fetchAll = () => Promise.all(observed.map(async ({ metricsUrl }) => (await fetch(metricsUrl)).text()));
  const fetching = setInterval(() => void fetchAll(), FETCHED_EVERY_MS);
  for (const { node } of variants) await warmUp(node, WARM_UP_ANSWERS);
  for (let round = 0; round < ROUNDS; round++) {
    for (let turn = 0; turn < variants.length; turn++) {
      const next = variants[(round + turn) % variants.length];
      if (next !== undefined) next.rates.push(await rate(next.node, ROUND_MS));
    }
  }
  clearInterval(fetching);
  const metrics = (await fetchAll()).at(-1) ?? '';
  stop(collector, ...variants.map(({ node }) => node));
  say(`answers a second of processor time, ${SERVERS} servers: median of ${ROUNDS} rounds (least to most)`);
  const ratiosOf = (of: Variant, what: 'cpu' | 'wall'): readonly number[] =>
    of.rates.map((rates, round) => rates[what] / (plain.rates[round]?.[what] ?? Number.NaN));
  for (const each of variants) {
    const ratios = `${shown(ratiosOf(each, 'cpu'), 2)} of the first; by the clock ${shown(ratiosOf(each, 'wall'), 2)}`;
    say(`  ${each.name.padEnd(20)} ${shown(each.rates.map(({ cpu }) => cpu))}, ${ratios}`);
  }
  const spans = (label: string) => total(metrics, 'otel_sdk_processor_span_processed_total', label);
  const answers = total(metrics, 'mcp_server_operation_duration_seconds_count', 'tools/list');
  say(
    `  of the last, ${(spans('') / answers).toFixed(1)} spans an answer, ${spans('error_type=')} lost; target at least ${RATIO_MIN}`,
  );
  return median(ratiosOf(all, 'cpu')) >= RATIO_MIN;
}

async function timeFetches(): Promise<boolean> {
  const node = await start(import.meta.filename, ['namespaces'], {
    OTEL_METRICS_EXPORTER: 'prometheus',
    OTEL_EXPORTER_PROMETHEUS_PORT: '0',
  });
  const tookMs: number[] = [];
  let text = '';
  const cpuBeforeMs = await node.cpuMs();
  for (let count = 0; count < FETCHES; count++) {
    const startMs = performance.now();
    text = await (await fetch(node.url)).text();
    tookMs.push(performance.now() - startMs);
  }
  const cpuMs = ((await node.cpuMs()) - cpuBeforeMs) / FETCHES;
  stop(node);
  say(`metrics of ${NAMESPACES} namespaces: ${text.split('\n').length} lines, ${Math.round(text.length / 1_024)} KiB`);
  say(
    `  a fetch            ${shown(tookMs, 1)} ms by the clock, ${cpuMs.toFixed(1)} ms of processor time; target at most ${FETCH_MS_MAX}`,
  );
  return median(tookMs) <= FETCH_MS_MAX;
}

function total(text: string, name: string, label: string): number {
  const samples = text.split('\n').filter((line) => line.startsWith(`${name}{`) && line.includes(label));
  return samples.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0);
}

function shown(values: readonly number[], digits = 0): string {
  return `${median(values).toFixed(digits)} (${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)})`;
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

function stop(...all: readonly Served[]): void {
  for (const served of all) served.stop();
}

const [what, traceLookups, isObserved] = process.argv.slice(2);
if (what === 'collector') report(await serveCollector());
else if (what === 'namespaces') report(await serveNamespaces());
else if (what === 'gateway') {
  const metricsUrl = isObserved === undefined ? '' : await observed();
  report(`${await serveGateway({ traceLookups })} ${metricsUrl}`.trim());
} else {
  const held = [await compareRates(), await timeFetches()];
  process.exit(held.every(Boolean) ? 0 : 1);
}
