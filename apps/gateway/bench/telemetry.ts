/**
 * What telemetry costs a node: `tools/list` of 20 servers, hot in the near-cache, which is one lookup of many keys, and `tools/call` of
 * one, with several kinds of telemetry (traces to a collector by OTLP over HTTP, metrics fetched once a second), beside the
 * same node without; and
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
import type { ServerEntry } from '../test/harness.ts';
import type { Question, Rates, Served } from './served.ts';
import { CALL, LIST, median, rate, report, SERVERS, serveGateway, start, startServers, warmUp } from './served.ts';

const ROUNDS = 7;
const ROUND_MS = 1_500;
const QUESTIONS: readonly (readonly [Question, string])[] = [
  [LIST, `tools/list, ${SERVERS} servers, one lookup of many keys`],
  [CALL, 'tools/call of a tool (a lookup, and a request to its server)'],
];
const WARM_UP_ANSWERS = 3_000;
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

const METRICS = { OTEL_METRICS_EXPORTER: 'prometheus', OTEL_EXPORTER_PROMETHEUS_PORT: '0' };

/** A node with one kind of telemetry, and what it answered to each question. */
interface Variant {
  readonly name: string;
  readonly node: Served;
  readonly metricsUrl: string;
  readonly rates: Map<Question, Rates[]>;
}

async function variants(servers: string, collector: string): Promise<readonly [Variant, ...Variant[]]> {
  const variant = async (
    name: string,
    args: readonly string[],
    environment: Record<string, string>,
  ): Promise<Variant> => {
    const node = await start(import.meta.filename, ['gateway', servers, ...args], environment);
    const [url = '', metricsUrl = ''] = node.url.split(' ');
    return { name, node: { ...node, url }, metricsUrl, rates: new Map() };
  };
  const traced = {
    ...METRICS,
    OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector}/v1/traces`,
    OTEL_BSP_MAX_QUEUE_SIZE: '65536',
  };
  return [
    await variant('no telemetry', ['all'], {}),
    await variant('metrics alone', ['all', 'observed'], METRICS),
    await variant('traces, no lookups', ['off', 'observed'], traced),
    await variant('traces, all lookups', ['all', 'observed'], traced),
  ];
}

async function compareRates(): Promise<boolean> {
  const collector = await start(import.meta.filename, ['collector']);
  const servers = await start(import.meta.filename, ['servers']);
  const all = await variants(servers.url, collector.url);
  const fetchAll = () =>
    Promise.all(all.filter(({ metricsUrl }) => metricsUrl !== '').map(({ metricsUrl }) => textOf(metricsUrl)));
  const fetching = setInterval(() => void fetchAll(), FETCHED_EVERY_MS);
  const held: boolean[] = [];
  for (const [question, what] of QUESTIONS) {
    for (const { node } of all) await warmUp(node, WARM_UP_ANSWERS, question);
    for (let turn = 0; turn < ROUNDS * all.length; turn++) {
      // Each round begins with another one.
      const next = all[(turn + Math.floor(turn / all.length)) % all.length] ?? all[0];
      next.rates.set(question, [...(next.rates.get(question) ?? []), await rate(next.node, ROUND_MS, question)]);
    }
    say(`${what}: answers a second of processor time, median of ${ROUNDS} rounds (least to most)`);
    const [plain] = all;
    for (const each of all) {
      const cpu = (each.rates.get(question) ?? []).map((rates) => rates.cpu);
      say(
        `  ${each.name.padEnd(20)} ${shown(cpu)}; of that without telemetry ${ratio(each, plain, question).toFixed(2)}`,
      );
    }
    held.push(ratio(all.at(-1) ?? plain, plain, question) >= RATIO_MIN);
  }
  clearInterval(fetching);
  const metrics = (await fetchAll()).at(-1) ?? '';
  stop(collector, servers, ...all.map(({ node }) => node));
  const lost = total(metrics, 'otel_sdk_processor_span_processed_total', 'error_type=');
  say(`  target: at least ${RATIO_MIN} with all lookups; of the spans ${lost} were lost`);
  return held.every(Boolean);
}

/** By the medians: on a busy machine the rounds differ more than the nodes. */
function ratio(of: Variant, than: Variant, question: Question): number {
  const [one, other] = [of, than].map(({ rates }) => median((rates.get(question) ?? []).map(({ cpu }) => cpu)));
  return (one ?? Number.NaN) / (other ?? Number.NaN);
}

async function textOf(url: string): Promise<string> {
  return (await fetch(url)).text();
}

async function timeFetches(): Promise<boolean> {
  const node = await start(import.meta.filename, ['namespaces'], METRICS);
  const tookMs: number[] = [];
  let text = '';
  const cpuBeforeMs = await node.cpuMs();
  for (let count = 0; count < FETCHES; count++) {
    const startMs = performance.now();
    text = await textOf(node.url);
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

const [what, servers = '[]', traceLookups, isObserved] = process.argv.slice(2);
if (what === 'collector') report(await serveCollector());
else if (what === 'servers') report(JSON.stringify(await startServers()));
else if (what === 'namespaces') report(await serveNamespaces());
else if (what === 'gateway') {
  const metricsUrl = isObserved === undefined ? '' : await observed();
  const url = await serveGateway(JSON.parse(servers) as ServerEntry[], { traceLookups });
  report(`${url} ${metricsUrl}`.trim());
} else {
  const held = [await compareRates(), await timeFetches()];
  process.exit(held.every(Boolean) ? 0 : 1);
}
