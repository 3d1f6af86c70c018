import type { TestCluster } from '@lockstep/testing';
import { createTestCluster } from '@lockstep/testing';
import { expect, it, onTestFinished } from 'vitest';
import type { AccessToken, AcquiredToken, TokenRef } from './index.ts';
import { TokenCache } from './index.ts';

const SECOND_MS = 1_000;
const MINUTE_MS = 60_000;
const HOUR_MS = 3_600_000;
const KEYS = [{ id: 'k1', key: '00'.repeat(32) }];
const SERVER: TokenRef = { configId: 'c1', serverName: 'search', identity: 'i1' };

/** An authorization server whose answers the test decides: tokens are numbered in the order in which they were got. */
class Issuer {
  asked = 0;
  lifeMs: number | undefined = HOUR_MS;
  /** Takes the place of an answer. */
  failure: Error | undefined;
  readonly #held: PromiseWithResolvers<void>[] = [];
  isHolding = false;

  readonly acquire = async (): Promise<AcquiredToken> => {
    this.asked++;
    const token: AccessToken = { accessToken: `token-${this.asked}`, tokenType: 'bearer', scope: null };
    if (this.isHolding) {
      const held = Promise.withResolvers<void>();
      this.#held.push(held);
      await held.promise;
    }
    if (this.failure !== undefined) throw this.failure;
    return { token, lifeMs: this.lifeMs };
  };

  release(): void {
    this.isHolding = false;
    for (const { resolve } of this.#held.splice(0)) resolve();
  }
}

interface Scene {
  readonly cluster: TestCluster;
  readonly caches: readonly [TokenCache, TokenCache, TokenCache];
  readonly issuer: Issuer;
  get(node?: number, bufferMs?: number): Promise<string>;
}

async function scene(shared: boolean): Promise<Scene> {
  const cluster = await createTestCluster({ nodes: 3, node: { encryptionKeys: KEYS } });
  onTestFinished(() => cluster[Symbol.asyncDispose]());
  const options = { shared, acquireTimeoutMs: 10_000 };
  const caches = cluster.nodes.map(({ lockstep }) => new TokenCache(lockstep, options)) as unknown as Scene['caches'];
  const issuer = new Issuer();
  const get = async (node = 0, bufferMs = 300_000): Promise<string> => {
    const cache = caches[node];
    if (cache === undefined) throw new Error(`no node ${node}`);
    return (await cache.get(SERVER, { acquire: issuer.acquire, bufferMs })).accessToken;
  };
  return { cluster, caches, issuer, get };
}

it('gets one token for three nodes that ask at once, where tokens are shared', async () => {
  const { issuer, get } = await scene(true);
  const asked = [0, 1, 2, 0, 1, 2].map((node) => get(node));
  expect(new Set(await Promise.all(asked))).toEqual(new Set(['token-1']));
  expect(issuer.asked).toBe(1);
});

it('gets one token for each node where they are not shared', async () => {
  const { issuer, get } = await scene(false);
  expect(new Set(await Promise.all([0, 1, 2, 0, 1, 2].map((node) => get(node)))).size).toBe(3);
  expect(issuer.asked).toBe(3);
});

it.each([
  ['an hour', HOUR_MS, 55 * MINUTE_MS],
  ['two minutes', 2 * MINUTE_MS, 102 * SECOND_MS],
])('replaces a token of %s before it ends, and nobody waits for that', async (_, lifeMs, replacedMs) => {
  const { cluster, issuer, get } = await scene(true);
  issuer.lifeMs = lifeMs;
  await get();
  await cluster.advance(replacedMs * 0.95);
  expect(await get()).toBe('token-1');
  await cluster.settle();
  expect(issuer.asked).toBe(1);
  await cluster.advance(replacedMs * 0.05);
  issuer.isHolding = true;
  expect(await get()).toBe('token-1');
  await cluster.settle();
  expect(issuer.asked).toBe(2);
  expect(await get()).toBe('token-1');
  issuer.release();
  await cluster.settle();
  expect(await get()).toBe('token-2');
  expect(await get(1)).toBe('token-2');
  expect(issuer.asked).toBe(2);
});

it('replaces a token earlier where a server wants a longer time before its end', async () => {
  const { cluster, issuer, get } = await scene(true);
  await get(0, 20 * MINUTE_MS);
  await cluster.advance(39 * MINUTE_MS);
  await get(0, 20 * MINUTE_MS);
  await cluster.settle();
  expect(issuer.asked).toBe(1);
  await cluster.advance(3 * MINUTE_MS);
  await get(0, 20 * MINUTE_MS);
  await cluster.settle();
  expect(issuer.asked).toBe(2);
});

it('uses a token to its end where it cannot be replaced, tries again soon, and answers nothing after that', async () => {
  const { cluster, issuer, get } = await scene(true);
  issuer.lifeMs = 2 * MINUTE_MS;
  await get();
  issuer.failure = new Error('the authorization server is away');
  await cluster.advance(105 * SECOND_MS);
  expect(await get()).toBe('token-1');
  await cluster.settle();
  expect(issuer.asked).toBe(2);
  expect(await get()).toBe('token-1');
  await cluster.settle();
  expect(issuer.asked).toBe(2);
  await cluster.advance(4 * SECOND_MS);
  expect(await get()).toBe('token-1');
  await cluster.advance(5 * SECOND_MS);
  await expect(get()).rejects.toMatchObject({ code: 'loader-failed', cause: issuer.failure });
});

it('tries a token that it was not given once in five seconds, however often it is asked for', async () => {
  const { cluster, issuer, get } = await scene(true);
  issuer.failure = new Error('a wrong secret');
  for (let attempt = 1; attempt <= 20; attempt++) await expect(get()).rejects.toMatchObject({ cause: issuer.failure });
  expect(issuer.asked).toBe(1);
  await cluster.advance(5 * SECOND_MS);
  issuer.failure = undefined;
  expect(await get()).toBe('token-2');
});

it.each([
  ['no life that is told: five minutes', undefined, 5 * MINUTE_MS],
  ['one second', SECOND_MS, SECOND_MS],
])('uses a token of %s nearly so long', async (_, lifeMs, overMs) => {
  const { cluster, issuer, get } = await scene(true);
  issuer.lifeMs = lifeMs;
  await get();
  issuer.failure = new Error('no other token');
  await cluster.advance(overMs * 0.85);
  expect(await get()).toBe('token-1');
  await cluster.advance(overMs * 0.15);
  await expect(get()).rejects.toThrow();
});

it.each([
  ['an endless life', 1e15, 1],
  ['none left', 0, 2],
  ['less than none', -5_000, 2],
])('uses a token of %s: for a day, or once', async (_, lifeMs, asked) => {
  const { issuer, get } = await scene(true);
  issuer.lifeMs = lifeMs;
  await get();
  await get();
  expect(issuer.asked).toBe(asked);
});

it.each([true, false])(
  'drops a token that a server rejected, once, and keeps the one in its place; shared: %s',
  async (shared) => {
    const { cluster, caches, issuer, get } = await scene(shared);
    const first = await Promise.all([get(0), get(1), get(2)]);
    expect(await caches[0].rejected(SERVER, first[0])).toBe(true);
    await cluster.settle();
    const asked = issuer.asked;
    const next = await get(0);
    expect(next).not.toBe(first[0]);
    expect(issuer.asked).toBe(asked + 1);
    // The others were rejected with the old one a moment later.
    for (const node of [0, 1, 2] as const) expect(await caches[node].rejected(SERVER, first[0])).toBe(true);
    await cluster.settle();
    expect(await get(0)).toBe(next);
    if (shared) expect([await get(1), await get(2)]).toEqual([next, next]);
  },
);

it('keeps the token of a winner whom the loser has not heard of yet', async () => {
  const { cluster, caches, issuer, get } = await scene(true);
  await Promise.all([get(0), get(1)]);
  cluster.bus.lose();
  await caches[0].rejected(SERVER, 'token-1');
  expect(await get(0)).toBe('token-2');
  // Node 1 still has the old one near, and its version.
  expect(await caches[1].held(SERVER)).toMatchObject({ accessToken: 'token-1' });
  expect(await caches[1].rejected(SERVER, 'token-1')).toBe(true);
  expect(await get(1)).toBe('token-2');
  expect(issuer.asked).toBe(2);
});

it('answers no node a token after a fenced clear of it', async () => {
  const { cluster, caches, get } = await scene(true);
  await Promise.all([get(0), get(1), get(2)]);
  await cluster.advance(15 * SECOND_MS);
  const receipt = await caches[0].clear(SERVER, { wait: 'fenced' });
  expect(receipt.fence).toBeDefined();
  for (const node of [1, 2] as const) expect(await caches[node].held(SERVER)).toBeUndefined();
  expect(await get(1)).toBe('token-2');
});

it("finds a server's token by its server's and its configuration's tag, and not by those of its tools", async () => {
  const { cluster, caches, get } = await scene(true);
  const [one] = cluster.nodes;
  const held = async () => (await caches[0].held(SERVER))?.accessToken;
  await get();
  await one?.lockstep.clear({ tag: 'server:["c1","search"]' });
  await one?.lockstep.clear({ tag: 'mcp-config:c1' });
  expect(await held()).toBe('token-1');
  await one?.lockstep.clear({ tag: 'tokens-of-server:["c1","search"]' });
  expect(await held()).toBeUndefined();
  await get();
  await one?.lockstep.clear({ tag: 'tokens-of-mcp-config:c1' });
  expect(await held()).toBeUndefined();
});

it('goes on while the tier is away: each node gets a token of its own', async () => {
  const { cluster, caches, issuer, get } = await scene(true);
  await get();
  cluster.tier.cut();
  await cluster.advance('3s');
  expect(await get(1)).toBe('token-2');
  expect(await caches[1].rejected(SERVER, 'token-2')).toBe(true);
  expect(await get(1)).toBe('token-3');
  expect(issuer.asked).toBe(3);
});

it('does not open where tokens are to be shared and nothing can encrypt them', async () => {
  const cluster = await createTestCluster({ nodes: 1 });
  onTestFinished(() => cluster[Symbol.asyncDispose]());
  const [{ lockstep } = { lockstep: undefined }] = cluster.nodes;
  if (lockstep === undefined) throw new Error('no node');
  expect(() => new TokenCache(lockstep, { shared: true, acquireTimeoutMs: 1 })).toThrow('encryptionKeys');
});
