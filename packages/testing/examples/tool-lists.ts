import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Lockstep } from '@lockstep/cache';
import { createTestCluster } from '@lockstep/testing';

/** The code under test: lists of tools, which it keeps for ten minutes, and longer where they cannot be had. */
class ToolLists {
  readonly #lists;
  readonly #fetch: (server: string) => Promise<string[]>;

  constructor(lockstep: Lockstep, fetch: (server: string) => Promise<string[]>) {
    this.#lists = lockstep.namespace<string[]>('tools', { ttl: '10m', grace: '1h' });
    this.#fetch = fetch;
  }

  of(server: string): Promise<string[]> {
    return this.#lists.getOrLoad(server, () => this.#fetch(server));
  }

  async changed(server: string): Promise<void> {
    await this.#lists.clear(server);
  }
}

test('a change is seen on every node, also where the bus loses the message', async () => {
  await using cluster = await createTestCluster({ nodes: 2, node: { maxStaleness: '2s' } });
  let tools = ['search'];
  const [one, other] = cluster.nodes.map(({ lockstep }) => new ToolLists(lockstep, async () => tools));
  assert.deepEqual(await other?.of('github'), ['search']);

  cluster.bus.lose();
  tools = ['search', 'fetch'];
  await one?.changed('github');
  await cluster.advance('2s');
  assert.deepEqual(await other?.of('github'), ['search', 'fetch']);
});

test('old tools are better than none', async () => {
  await using cluster = await createTestCluster({ nodes: 1 });
  let isDown = false;
  const lists = cluster.nodes.map(({ lockstep }) => {
    return new ToolLists(lockstep, async () => {
      if (isDown) throw new Error('the server is down');
      return ['search'];
    });
  });
  assert.deepEqual(await lists[0]?.of('github'), ['search']);

  isDown = true;
  await cluster.advance('11m');
  assert.deepEqual(await lists[0]?.of('github'), ['search']);
  await cluster.advance('1h');
  await assert.rejects(async () => lists[0]?.of('github'), { code: 'loader-failed' });
});
