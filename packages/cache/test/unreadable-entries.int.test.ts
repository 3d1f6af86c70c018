import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { TestCluster, TestNode } from './cluster.ts';
import { startCluster } from './cluster.ts';

const BORN = '0f0f0f0f0f0f0f0f:7';
const FINGERPRINT = 'ab'.repeat(16);
/** Later than any test runs. */
const END = '9007199254740991';
/** Format, codec, packing, grace, no tags. */
const BODY = `\u0002${'\u0000'.repeat(10)}`;

describe('an entry in the tier that this release cannot read', () => {
  let cluster: TestCluster;
  let redis: Redis;

  beforeAll(async () => {
    cluster = await startCluster();
    redis = new Redis(cluster.redis.url);
  });

  afterAll(async () => {
    redis.disconnect();
    await cluster[Symbol.asyncDispose]();
  });

  test.each([
    ['noise', 'noise'],
    ['nothing', ''],
    ['a header without a body', `f 12 ${BORN} ${FINGERPRINT} ${END}\n`],
    ['a body of another format', `f 12 ${BORN} ${FINGERPRINT} ${END}\n\u0063${BODY}"v"`],
    ['a value that is no JSON', `f 12 ${BORN} ${FINGERPRINT} ${END}\n${BODY}{"v`],
    ['a value of another codec', `f 12 ${BORN} ${FINGERPRINT} ${END}\n${BODY.slice(0, 4)}\u0009${BODY.slice(5)}"v"`],
    [
      'a value packed in another way',
      `f 12 ${BORN} ${FINGERPRINT} ${END}\n${BODY.slice(0, 5)}\u0004${BODY.slice(6)}"v"`,
    ],
    [
      'a value encrypted under a key of others',
      `f 12 ${BORN} ${FINGERPRINT} ${END}\n${BODY.slice(0, 5)}\u0002${BODY.slice(6)}\u0002k1${'x'.repeat(40)}`,
    ],
    ['a version that is too long', `f ${'9'.repeat(30)} ${BORN} ${FINGERPRINT} ${END}\n${BODY}"v"`],
    ['an entry of a history that is none', `f 12 ${BORN} ${FINGERPRINT} ${END}\n${BODY}"v"`],
  ])('%s is a miss, never thrown at a caller, and the next load replaces it', async (name, text) => {
    const [a, b] = cluster.nodes as [TestNode, TestNode];
    const receipt = await a.tools.set(name, 'old');
    const { keyId } = receipt.target as { readonly keyId: string };
    const entry = `lockstep:{test:${receipt.partition}}:entry:${keyId}`;
    expect(await redis.set(entry, text, 'KEEPTTL')).toBe('OK');
    expect(await b.tools.get(name)).toBeUndefined();
    expect(await b.tools.getOrLoad(name, () => 'new')).toBe('new');
    await b.tools.set(name, 'newer');
    expect(await b.tools.get(name)).toBe('newer');
  });

  test('what cannot be read is counted', () => {
    const [, b] = cluster.nodes as [TestNode, TestNode];
    expect(b.lockstep.stats().entriesRejected).toBeGreaterThan(0);
  });
});
