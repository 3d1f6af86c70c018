import { waitFor } from '@lockstep/testkit';
import { afterAll, beforeAll, beforeEach, expect, test } from 'vitest';
import type { TestCluster, TestNode } from './cluster.ts';
import { startCluster, startNode } from './cluster.ts';
import { childrenOf, recordSpans } from './recorded-spans.ts';

const spans = recordSpans();
let cluster: TestCluster;
let nodes: readonly TestNode[];

beforeAll(async () => {
  cluster = await startCluster({ nodes: 3, node: { maxStaleness: 100, deltaMax: 100 } });
  nodes = cluster.nodes;
});
beforeEach(() => spans.reset());
afterAll(() => cluster[Symbol.asyncDispose]());

const ids = (): readonly string[] => nodes.map(({ lockstep }) => lockstep.nodeId).sort();

test('a fenced clear is one trace over all nodes, begun by itself, with the receipt on its root', async () => {
  const [{ lockstep }] = nodes as [TestNode];
  const receipt = await lockstep.clear({ namespace: 'tools' }, { wait: 'fenced' });
  await waitFor(() => spans.named('lockstep.apply').length === 3, { what: 'the event on each node' });
  const [root, ...more] = spans.named('lockstep.clear');
  if (root === undefined) throw new Error('no clear was traced');
  expect(more).toEqual([]);
  expect(root.parentSpanContext).toBeUndefined();
  expect(root.attributes).toMatchObject({
    'lockstep.verb': 'clear',
    'lockstep.scope': 'namespace',
    'lockstep.namespace': 'tools',
    'lockstep.wait': 'fenced',
    'lockstep.committed': true,
    'lockstep.partition': receipt.partition,
    'lockstep.incarnation': receipt.incarnation,
    'lockstep.sequence': receipt.sequence,
    'lockstep.fence.by': receipt.fence?.by,
    'lockstep.node.id': lockstep.nodeId,
  });
  expect(childrenOf(root, spans.all())).toEqual([
    'lockstep.apply',
    'lockstep.apply',
    'lockstep.apply',
    'lockstep.fence',
    'lockstep.tier.clearScope',
  ]);
  const applied = spans.named('lockstep.apply');
  expect(applied.map(({ attributes }) => attributes['lockstep.node.id']).sort()).toEqual(ids());
  for (const { attributes } of applied) {
    expect(attributes).toMatchObject({
      'lockstep.partition': receipt.partition,
      'lockstep.sequence': receipt.sequence,
      'lockstep.effect': 'clear-scope',
      'lockstep.verdict': 'linked',
    });
  }
});

test('a clear is a part of the trace that it is called in, and its tag is told by an id alone', async () => {
  const [, { lockstep }] = nodes as [TestNode, TestNode];
  await spans.request(() => lockstep.expire({ tag: 'user:jane' }));
  await waitFor(() => spans.named('lockstep.apply').length === 3, { what: 'the event on each node' });
  const [request] = spans.named('request');
  if (request === undefined) throw new Error('no request was traced');
  expect(childrenOf(request, spans.all())).toEqual(['lockstep.expire']);
  const told = spans.all().map(({ attributes }) => attributes);
  expect(told).toContainEqual(
    expect.objectContaining({ 'lockstep.scope.id': expect.stringMatching(/^[0-9a-f]{32}$/) }),
  );
  expect(JSON.stringify(told)).not.toContain('jane');
});

test('a write of a value takes its trace to the other nodes; what a load publishes does not', async () => {
  const [{ tools, lockstep }] = nodes as [TestNode];
  await spans.request(() => tools.set('written', 'value'));
  await waitFor(() => spans.named('lockstep.apply').length === 3, { what: 'the event on each node' });
  const [set] = spans.named('lockstep.set');
  expect(set?.attributes).toMatchObject({ 'lockstep.namespace': 'tools', 'lockstep.committed': true });
  await tools.expire('written');
  await waitFor(() => spans.named('lockstep.apply').length === 6, { what: 'the expire on each node' });
  let fills = 0;
  const end = lockstep.onEvent((event) => void (event.kind === 'fill' && fills++));
  await spans.request(() => tools.getOrLoad('written', () => 'loaded'));
  end();
  expect(fills).toBe(1);
  await tools.clear('written');
  await waitFor(() => spans.named('lockstep.apply').length === 9, { what: 'the next clear on each node' });
});

test('a clear that waits for the tier is committed in its own trace', async () => {
  const [{ tools }] = nodes as [TestNode];
  await spans.request(() => tools.clear('queued', { wait: 'local' }));
  await waitFor(() => spans.named('lockstep.apply').length === 3, { what: 'the event on each node' });
  const [clear] = spans.named('lockstep.clear');
  expect(clear?.attributes).toMatchObject({ 'lockstep.committed': false, 'lockstep.queued': true });
  for (const { parentSpanContext } of spans.named('lockstep.apply')) {
    expect(parentSpanContext?.spanId).toBe(clear?.spanContext().spanId);
  }
});

test('the heartbeats of a node are a part of no trace, also where a load has opened it', async () => {
  const [{ tools }] = nodes as [TestNode];
  let opened: TestNode | undefined;
  await spans.request(() =>
    tools.getOrLoad('opens a node', async () => {
      opened = await startNode(cluster.redis, cluster.network, { node: { maxStaleness: 100, deltaMax: 100 } });
      return 'value';
    }),
  );
  const { lockstep, proxy } = opened as TestNode;
  await waitFor(() => lockstep.stats().heartbeats > 3, { what: 'heartbeats' });
  await lockstep.close();
  await proxy.close();
  expect(spans.all().filter(({ name }) => /heads|beat|members/.test(name))).toEqual([]);
});
