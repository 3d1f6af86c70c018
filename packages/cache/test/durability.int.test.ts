import type { BusNetwork, ChaosProxy, RunningServer } from '@lockstep/testkit';
import { createBusNetwork, RecordingLogger, startProxy, startRedis, waitFor } from '@lockstep/testkit';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { DurabilityOptions } from '../src/index.ts';
import type { TestClusterOptions, TestNode } from './cluster.ts';
import { startCluster, startNode, warm } from './cluster.ts';

const DELTA_MAX_MS = 800;
const TIMEOUT_MS = 1_500;
/** How far the replica is from the primary, in ms one way: what is committed is not there yet. */
const WAY_MS = 60;
/** How much later than its time an answer may come on a busy machine. */
const SLACK_MS = 700;
const ON_ALL = { acknowledged: 1, wanted: 1 };
const ON_NONE = { acknowledged: 0, wanted: 1 };

describe('two nodes with durability, on a primary with one replica', () => {
  let primary: RunningServer;
  let replica: RunningServer;
  /** Between the replica and its primary. */
  let way: ChaosProxy;
  let logger: RecordingLogger;
  let network: BusNetwork;
  let nodes: TestNode[];
  let a: TestNode;
  let b: TestNode;
  const clients: Redis[] = [];

  beforeEach(async () => {
    primary = await startRedis({ args: ['--repl-diskless-sync-delay', '0'] });
    way = await startProxy({ target: primary.url });
    replica = await startRedis({ args: ['--replicaof', way.host, String(way.port)] });
    await waitFor(async () => (await raw(primary).info('replication')).includes('state=online'), {
      what: 'the replica',
    });
    network = createBusNetwork();
    logger = new RecordingLogger();
    const durability: DurabilityOptions = { replicas: 1, timeout: TIMEOUT_MS };
    const options: TestClusterOptions = { node: { deltaMax: DELTA_MAX_MS, durability, logger } };
    nodes = [await startNode(primary, network, options), await startNode(primary, network, options)];
    [a, b] = nodes as [TestNode, TestNode];
    // The connection for WAIT is made with the first write.
    await waitFor(async () => (await a.tools.clear('nothing')).replicas?.acknowledged === 1, {
      what: 'a durable clear',
    });
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.disconnect();
    await Promise.all(nodes.map(({ lockstep }) => lockstep.close()));
    await Promise.all(nodes.map(({ proxy }) => proxy.close()));
    await primary.stop();
    await replica.stop();
    await way.close();
  });

  /** Speaks to a server itself. */
  function raw(server: RunningServer): Redis {
    const client = new Redis({ host: server.host, port: server.port, protocol: 2, disableClientInfo: true });
    client.on('error', () => {});
    clients.push(client);
    return client;
  }

  const isGoneOnB = (): Promise<unknown> =>
    waitFor(() => b.tools.peek('tool') === undefined, { what: 'the clear on the other node' });

  test.each([
    ['a set', () => a.tools.set('tool', 'new')],
    ['a clear', () => a.tools.clear('tool')],
    ['an expire', () => a.tools.expire('tool')],
    ['a fenced clear', () => a.tools.clear('tool', { wait: 'fenced' })],
    ['a scope clear', () => a.lockstep.clear({ everything: true })],
    ['a scope expire', () => a.lockstep.expire({ everything: true })],
  ])('%s says that the replica has it, and the replica does', async (_, write) => {
    const { replicas, sequence } = await write();
    expect(replicas).toEqual(ON_ALL);
    const copy = raw(replica);
    const logs = await copy.keys('lockstep:*:log');
    const found = await Promise.all(logs.map((log) => copy.xrange(log, `${sequence}-0`, `${sequence}-0`)));
    expect(found.flat()).toHaveLength(1);
  });

  test('a clear resolves in its time though the replica stands still, says so, and was in effect elsewhere before', async () => {
    await warm(b, 'tool', 'old');
    replica.pause();
    const startedMs = performance.now();
    const clearing = a.tools.clear('tool');
    await isGoneOnB();
    expect(performance.now() - startedMs).toBeLessThan(TIMEOUT_MS);
    expect((await clearing).replicas).toEqual(ON_NONE);
    const tookMs = performance.now() - startedMs;
    expect(tookMs).toBeGreaterThan(TIMEOUT_MS - 10);
    expect(tookMs).toBeLessThan(TIMEOUT_MS + SLACK_MS);
    const told = logger.entries.filter(({ message }) => message.includes('fewer replicas than wanted'));
    expect(told.at(-1)).toMatchObject({ level: 'warn', fields: { acknowledged: 0, wanted: 1 } });
    replica.resume();
  });

  test('a value that was set is served near while its replica is waited for', async () => {
    replica.pause();
    const setting = a.tools.set('tool', 'new');
    await waitFor(() => a.tools.peek('tool') === 'new', { what: 'the value near', timeoutMs: TIMEOUT_MS });
    expect((await setting).replicas).toEqual(ON_NONE);
    replica.resume();
  });

  test('the time that a fence and the replicas take is one, not two (P3)', async () => {
    replica.pause();
    b.proxy.stall();
    network.decide(() => 'drop');
    const startedMs = performance.now();
    const { fence, replicas } = await a.tools.clear('tool', { wait: 'fenced' });
    const tookMs = performance.now() - startedMs;
    expect([fence?.by, replicas]).toEqual(['time', ON_NONE]);
    expect(tookMs).toBeGreaterThanOrEqual(DELTA_MAX_MS);
    expect(tookMs).toBeLessThan(Math.max(DELTA_MAX_MS, TIMEOUT_MS) + SLACK_MS);
    replica.resume();
  });

  /** Clears a value that the replica has, and has the replica take over at once; answers how many entries it has then. */
  async function clearThenFailOver(clear: () => Promise<void>): Promise<number> {
    const promoted = raw(replica);
    const entries = async (): Promise<number> => (await promoted.keys('lockstep:*:entry:*')).length;
    await a.tools.set('tool', 'old');
    await waitFor(async () => (await entries()) === 1, { what: 'the value on the replica' });
    await clear();
    await Promise.all([promoted.call('replicaof', 'no', 'one'), primary.kill()]);
    return entries();
  }

  test('a clear that is said to be on the replica is in force when that takes over at once', async () => {
    way.delay(WAY_MS);
    const left = await clearThenFailOver(async () => {
      expect((await a.tools.clear('tool')).replicas).toEqual(ON_ALL);
    });
    expect(left).toBe(0);
  });

  test('a clear that is said to be on no replica is lost when one takes over: the test before would show it', async () => {
    const left = await clearThenFailOver(async () => {
      way.stall();
      expect((await a.tools.clear('tool')).replicas).toEqual(ON_NONE);
    });
    expect(left).toBe(1);
  });

  test('a clear of a node that may not WAIT is committed, and promises nothing of replicas', async () => {
    const client = raw(primary);
    await client.call('acl', 'setuser', 'default', '-wait');
    const { committed, replicas } = await a.tools.clear('tool');
    expect([committed, replicas]).toEqual([true, ON_NONE]);
    await client.call('acl', 'setuser', 'default', '+wait');
    expect((await a.tools.clear('tool')).replicas).toEqual(ON_ALL);
  });

  test('a node that closes lets go what waits for replicas: committed it is', async () => {
    replica.pause();
    const clearing = a.tools.clear('tool');
    await isGoneOnB();
    await a.lockstep.close();
    expect((await clearing).replicas).toEqual(ON_NONE);
    replica.resume();
  });
});

test('without durability a node has one connection, sends no WAIT, and its receipts do not speak of replicas', async () => {
  await using cluster = await startCluster({ nodes: 1 });
  const [a] = cluster.nodes as [TestNode];
  const receipts = [
    await a.tools.set('tool', 'new'),
    await a.tools.clear('tool'),
    await a.lockstep.clear({ tag: 'x' }),
  ];
  for (const receipt of receipts) expect(receipt).not.toHaveProperty('replicas');
  expect(a.proxy.connections).toBe(1);
  const client = new Redis(cluster.redis.url);
  expect(await client.info('commandstats')).not.toContain('cmdstat_wait:');
  client.disconnect();
});
