import { OBSERVED, RECORDED } from '@lockstep/telemetry';
import { waitFor } from '@lockstep/testkit';
import { metrics } from '@opentelemetry/api';
import type { Histogram, MetricData } from '@opentelemetry/sdk-metrics';
import { MeterProvider, MetricReader } from '@opentelemetry/sdk-metrics';
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { TestCluster, TestNode } from './cluster.ts';
import { gate, startCluster } from './cluster.ts';

class Reader extends MetricReader {
  protected override async onShutdown(): Promise<void> {}
  protected override async onForceFlush(): Promise<void> {}
}

const reader = new Reader();
metrics.setGlobalMeterProvider(new MeterProvider({ readers: [reader] }));

let cluster: TestCluster;
let one: TestNode;

beforeAll(async () => {
  cluster = await startCluster({ nodes: 1, node: { maxStaleness: 200, deltaMax: 200, audit: { every: 10 } } });
  [one] = cluster.nodes as [TestNode];
});
afterAll(() => cluster[Symbol.asyncDispose]());

async function collected(): Promise<ReadonlyMap<string, MetricData>> {
  const { resourceMetrics, errors } = await reader.collect();
  expect(errors).toEqual([]);
  return new Map(
    resourceMetrics.scopeMetrics.flatMap(({ metrics: all }) => all.map((metric) => [metric.descriptor.name, metric])),
  );
}

/** The points of a metric: attributes in brackets, then the value, or how many values a histogram has. */
async function pointsOf(name: string): Promise<Readonly<Record<string, number>>> {
  const points = (await collected()).get(name)?.dataPoints ?? [];
  return Object.fromEntries(
    points.map(({ attributes, value }) => [
      Object.values(attributes).join(' '),
      typeof value === 'number' ? value : (value as Histogram).count,
    ]),
  );
}

test('each lookup is counted once for each caller, by how it ended', async () => {
  const { tools } = one;
  const { passed, open } = gate();
  const load = (): Promise<string> => passed.then(() => 'value');
  const three = [1, 2, 3].map(() => tools.getOrLoad('key', load));
  open();
  await Promise.all(three);
  await tools.get('key');
  await tools.lookup('key');
  await tools.getMany(['key', 'nobody has it']);
  await tools.getOrLoad('none', () => Promise.reject(new Error('away'))).catch(() => {});
  expect(await pointsOf('lockstep.lookups')).toEqual({
    'tools near': 3,
    'tools tier': 0,
    'tools load': 3,
    'tools stale': 0,
    'tools degraded': 0,
    'tools miss': 1,
    'tools error': 1,
  });
  expect(await pointsOf('lockstep.lookups.coalesced')).toEqual({ tools: 2 });
  expect(await pointsOf('lockstep.lookup.duration')).toEqual({ 'tools near': 1, 'tools origin': 3, 'tools none': 2 });
  expect(await pointsOf('lockstep.load.duration')).toEqual({ 'tools ok': 1, 'tools failed': 1 });
});

test('of near hits one in 1,024 is timed, also where many keys are looked up at once', async () => {
  const many = one.lockstep.namespace<string>('many');
  const keys = Array.from({ length: 512 }, (_, index) => `key ${index}`);
  await many.setMany(keys.map((key) => [key, key]));
  for (let time = 0; time < 4; time++) await many.getMany(keys);
  expect(await pointsOf('lockstep.lookup.duration')).toMatchObject({ 'many near': 2 });
});

test('what leaves the near-cache is counted by why', async () => {
  const few = one.lockstep.namespace<string>('few', { nearEntriesMax: 2 });
  for (const key of ['a', 'b', 'c']) await few.set(key, key);
  await few.clear('c');
  const evictions = await pointsOf('lockstep.near.evictions');
  expect(evictions).toMatchObject({ 'few capacity': 1, 'few cleared': 1 });
  expect(await pointsOf('lockstep.near.entries')).toMatchObject({ few: 1 });
  expect((await pointsOf('lockstep.near.size'))['few']).toBeGreaterThan(0);
});

test('clears, fences and calls to the tier are timed, by what they were', async () => {
  await one.lockstep.clear({ tag: 'some' }, { wait: 'fenced' });
  await one.lockstep.expire({ namespace: 'tools' });
  expect(await pointsOf('lockstep.clear.duration')).toMatchObject({
    'clear tag fenced committed': 1,
    'expire namespace committed committed': 1,
  });
  const fences = Object.values(await pointsOf('lockstep.fence.duration'));
  expect(fences).toEqual([1]);
  expect(await pointsOf('db.client.operation.duration')).toMatchObject({
    'redis clearScope': 1,
    'redis expireScope': 1,
  });
});

test('a tier that is away is seen: the state, the staleness, the breaker, the heartbeats that fail', async () => {
  const staleness = async (): Promise<number> => Object.values(await pointsOf('lockstep.staleness'))[0] as number;
  await waitFor(async () => (await staleness()) < 0.2, { what: 'staleness within its bound' });
  await waitFor(async () => (await pointsOf('lockstep.coherence.state'))['coherent'] === 1, { what: 'coherence' });
  one.proxy.cut();
  await waitFor(async () => (await staleness()) > 0.2, { what: 'staleness over its bound' });
  expect(Object.values(await pointsOf('lockstep.staleness.bound'))).toEqual([0.2]);
  expect(await pointsOf('lockstep.coherence.state')).toEqual({ coherent: 0, degraded: 1, isolated: 0 });
  expect(Object.values(await pointsOf('lockstep.breaker.open'))).toEqual([1]);
  expect((await pointsOf('lockstep.heartbeat.duration'))['failed']).toBeGreaterThan(0);
  await one.lockstep.clear({ tag: 'some' }, { allowDegraded: true });
  expect(Object.values(await pointsOf('lockstep.clears.queued'))).toEqual([1]);
  const { tools } = one;
  await tools.getOrLoad('while away', () => 'value');
  expect(await pointsOf('lockstep.lookups')).toMatchObject({ 'tools degraded': 1 });
  one.proxy.restore();
  await waitFor(async () => (await pointsOf('lockstep.coherence.state'))['coherent'] === 1, {
    what: 'coherence again',
  });
});

test('every metric is one of the catalogue, with its unit, and has no attribute besides those told there', async () => {
  const catalogue = [...Object.values(OBSERVED), ...Object.values(RECORDED)];
  const found = await collected();
  expect([...found.keys()].sort()).toEqual(catalogue.map(({ name }) => name).sort());
  for (const { name, unit, attributes } of catalogue) {
    const metric = found.get(name);
    expect({ name, unit: metric?.descriptor.unit }).toEqual({ name, unit });
    expect(metric?.dataPoints.length).toBeGreaterThan(0);
    for (const point of metric?.dataPoints ?? []) {
      expect(attributes).toEqual(expect.arrayContaining(Object.keys(point.attributes)));
    }
  }
});
