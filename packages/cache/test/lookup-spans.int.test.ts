import { context, TraceFlags, trace } from '@opentelemetry/api';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { TestCluster, TestNode } from './cluster.ts';
import { gate, startCluster, startNode } from './cluster.ts';
import { childrenOf, recordSpans } from './recorded-spans.ts';

const spans = recordSpans();
let cluster: TestCluster;
let one: TestNode;
let other: TestNode;

beforeAll(async () => {
  cluster = await startCluster();
  [one, other] = cluster.nodes as [TestNode, TestNode];
});
beforeEach(() => spans.reset());
afterAll(() => cluster[Symbol.asyncDispose]());

function only<T>(values: readonly T[]): T {
  expect(values).toHaveLength(1);
  return values[0] as T;
}

test('a lookup that loads is one span, with its tier calls and its load, in which the loader runs', async () => {
  await spans.request(() =>
    one.tools.getOrLoad('loaded', () =>
      trace.getTracer('test').startActiveSpan('query', (span) => {
        span.end();
        return 'value';
      }),
    ),
  );
  const lookup = only(spans.named('lockstep.lookup'));
  expect(lookup.attributes).toEqual({
    'lockstep.namespace': 'tools',
    'lockstep.key.hash': expect.stringMatching(/^[0-9a-f]{32}$/),
    'lockstep.outcome': 'load',
    'lockstep.source': 'origin',
    'lockstep.stale': false,
    'lockstep.degraded': false,
    'lockstep.coalesced': false,
    'lockstep.version': expect.any(String),
    'lockstep.staleness_ms': expect.any(Number),
  });
  expect(lookup.events.map(({ name }) => name)).toEqual(['tier.again', 'tier.granted']);
  const all = spans.all();
  expect(childrenOf(lookup, all)).toEqual([
    'lockstep.load',
    'lockstep.tier.fill',
    'lockstep.tier.read',
    'lockstep.tier.read',
  ]);
  expect(childrenOf(only(spans.named('lockstep.load')), all)).toEqual(['query']);
  expect(only(spans.named('lockstep.tier.fill')).attributes).toEqual({
    'db.system.name': 'redis',
    'db.operation.name': 'fill',
  });
  expect(new Set(all.map((span) => span.spanContext().traceId)).size).toBe(1);
});

test('a near hit is one span without children, by lookup and by get; one that the tier answers says so', async () => {
  await one.tools.getOrLoad('held', () => 'value');
  await spans.request(async () => {
    await one.tools.get('held');
    await one.tools.lookup('held');
    await other.tools.get('held');
  });
  const [get, lookup, far] = spans.named('lockstep.lookup');
  for (const near of [get, lookup]) {
    expect(near?.attributes).toMatchObject({ 'lockstep.outcome': 'near', 'lockstep.source': 'near' });
    expect(Object.keys(near?.attributes ?? {})).toHaveLength(9);
  }
  expect(far?.attributes).toMatchObject({ 'lockstep.outcome': 'tier', 'lockstep.source': 'tier' });
  expect(far?.attributes['lockstep.key.hash']).toBe(get?.attributes['lockstep.key.hash']);
  expect(spans.all().map(({ name }) => name)).toEqual([
    'lockstep.lookup',
    'lockstep.lookup',
    'lockstep.tier.read',
    'lockstep.lookup',
    'request',
  ]);
});

test('a lookup that joins another one links to it', async () => {
  const { passed, open } = gate();
  const load = (): Promise<string> =>
    spans.request(() => one.tools.getOrLoad('joined', () => passed.then(() => 'value')));
  const both = [load(), load()];
  open();
  await Promise.all(both);
  const [first, second] = spans
    .named('lockstep.lookup')
    .toSorted((a, b) => Number(a.attributes['lockstep.coalesced']) - Number(b.attributes['lockstep.coalesced']));
  expect(first?.attributes['lockstep.coalesced']).toBe(false);
  expect(second?.attributes['lockstep.coalesced']).toBe(true);
  expect(second?.links.map((link) => link.context.spanId)).toEqual([first?.spanContext().spanId]);
  expect(only(spans.named('lockstep.load')).spanContext().traceId).toBe(first?.spanContext().traceId);
});

test('many keys are one span, and their loader one below it', async () => {
  await spans.request(() =>
    one.tools.getOrLoadMany(['a', 'b', 'c'], ({ keys }) => new Map(keys.map((key) => [key, key]))),
  );
  expect(only(spans.named('lockstep.lookup_many')).attributes).toEqual({
    'lockstep.namespace': 'tools',
    'lockstep.keys': 3,
  });
  expect(spans.named('lockstep.lookup')).toEqual([]);
  expect(only(spans.named('lockstep.load')).parentSpanContext?.spanId).toBe(
    only(spans.named('lockstep.lookup_many')).spanContext().spanId,
  );
});

test('what fails has its kind on the span, and no text of the error', async () => {
  const failing = spans.request(() =>
    one.tools.getOrLoad('failing', () => {
      throw new TypeError('token hunter2 is refused');
    }),
  );
  await expect(failing).rejects.toMatchObject({ code: 'loader-failed' });
  expect(only(spans.named('lockstep.lookup')).attributes).toMatchObject({
    'lockstep.outcome': 'error',
    'error.type': 'loader-failed',
  });
  const told = spans.all().map(({ attributes, events, status }) => ({ attributes, events, status }));
  expect(JSON.stringify(told)).not.toContain('hunter2');
  expect(JSON.stringify(told)).not.toContain('failing');
});

test('without a sampled parent no lookup asks the sampler, nor makes a span', async () => {
  const traceFlags = TraceFlags.NONE;
  const spanContext = { traceId: '1'.repeat(32), spanId: '2'.repeat(16), traceFlags };
  const lookups = async (): Promise<void> => {
    await one.tools.getOrLoad(`unsampled ${Math.random()}`, () => 'value');
    await one.tools.get('held');
    await one.tools.set('held', 'value');
  };
  await lookups();
  await context.with(trace.setSpanContext(context.active(), spanContext), lookups);
  expect(spans.asked()).toBe(0);
  expect(spans.all()).toEqual([]);
});

test('modes: misses leaves near hits out, off leaves everything out, and without requireParentSpan a lookup begins a trace', async () => {
  const options = { node: { tracing: { lookups: 'misses' } } } as const;
  const misses = await startNode(cluster.redis, cluster.network, options);
  const off = await startNode(cluster.redis, cluster.network, { node: { tracing: { lookups: 'off' } } });
  const roots = await startNode(cluster.redis, cluster.network, { node: { tracing: { requireParentSpan: false } } });
  try {
    spans.reset();
    const twice = async ({ tools }: TestNode): Promise<void> => {
      await tools.getOrLoad('mode', () => 'value');
      await tools.getOrLoad('mode', () => 'value');
    };
    await spans.request(() => twice(misses));
    expect(spans.named('lockstep.lookup')).toHaveLength(1);
    spans.reset();
    await spans.request(() => twice(off));
    expect(spans.all().map(({ name }) => name)).toEqual(['request']);
    spans.reset();
    await twice(roots);
    expect(spans.named('lockstep.lookup').map(({ parentSpanContext }) => parentSpanContext)).toEqual([
      undefined,
      undefined,
    ]);
  } finally {
    for (const { lockstep, proxy } of [misses, off, roots]) {
      await lockstep.close();
      await proxy.close();
    }
  }
});
