import { randomBytes } from 'node:crypto';
import { waitFor } from '@lockstep/testkit';
import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { EncryptionKey } from '../src/index.ts';
import type { TestCluster, TestNode } from './cluster.ts';
import { startCluster, startNode, warm } from './cluster.ts';

const OLD: EncryptionKey = { id: 'key-of-2024', key: randomBytes(32) };
const NEW: EncryptionKey = { id: 'key-of-2025', key: randomBytes(32).toString('base64') };
const TOKEN = `ghp_${'plaintext'.repeat(10)}`;

/** Everything that the tier holds, as text of one byte a character. */
async function dump(redis: Redis): Promise<string> {
  const parts: string[] = [];
  for (const key of await redis.keys('*')) {
    parts.push(key, (await redis.dumpBuffer(key))?.toString('latin1') ?? '');
    if ((await redis.type(key)) === 'string') parts.push((await redis.getBuffer(key))?.toString('latin1') ?? '');
  }
  return parts.join('\n');
}

describe('values in a real tier', () => {
  let cluster: TestCluster;
  let redis: Redis;

  beforeAll(async () => {
    cluster = await startCluster({ node: { encryptionKeys: [OLD] } });
    redis = new Redis(cluster.redis.url);
    await redis.config('SET', 'rdbcompression', 'no');
  });

  afterAll(async () => {
    redis.disconnect();
    await cluster[Symbol.asyncDispose]();
  });

  test('are shared by the nodes, and nothing of them can be read there', async () => {
    const [a, b] = cluster.nodes as [TestNode, TestNode];
    const plain = { secret: false, compressFrom: 0 };
    await a.lockstep.namespace<string>('public', plain).set('k', 'anyone-may-read-this');
    const secrets = [a, b].map(({ lockstep }) =>
      lockstep.namespace<unknown>('secrets', { secret: true, codec: 'structured' }),
    );
    await secrets[0]?.set('the-key', { token: TOKEN }, { tags: ['the-tag'] });
    await a.tools.getOrLoad('loaded', () => TOKEN.repeat(500));
    expect(await secrets[1]?.get('the-key')).toEqual({ token: TOKEN });
    expect(await b.tools.get('loaded')).toBe(TOKEN.repeat(500));
    const all = await dump(redis);
    expect(all).toContain('anyone-may-read-this');
    expect(all).toContain(OLD.id);
    for (const secret of ['plaintext', 'the-key', 'the-tag', 'ghp_']) expect(all).not.toContain(secret);
  });

  test('that are loaded again and are the same make no event, though their bytes are others', async () => {
    const [a, b] = cluster.nodes as [TestNode, TestNode];
    await warm(a, 'same', 'v');
    await a.tools.expire('same');
    await waitFor(() => b.tools.peek('same') === undefined, { what: 'the expire on the other node' });
    const { eventsApplied } = b.lockstep.stats();
    const again = await b.tools.lookup('same', () => 'v');
    expect([again.outcome, again.outcome !== 'miss' && again.version]).toEqual([
      'loaded',
      expect.stringMatching(/^\d+-[0-9a-f]+$/),
    ]);
    expect(b.lockstep.stats().eventsApplied).toBe(eventsApplied);
  });

  test('are encrypted under a new key as they are loaded again, and read by all nodes meanwhile', async () => {
    const rolled = await startNode(cluster.redis, cluster.network, { node: { encryptionKeys: [NEW, OLD] } });
    const later = await startNode(cluster.redis, cluster.network, { node: { encryptionKeys: [NEW] } });
    try {
      const [a] = cluster.nodes as [TestNode];
      await a.tools.getOrLoad('rotated', () => TOKEN);
      expect(await rolled.tools.get('rotated')).toBe(TOKEN);
      expect(await later.tools.get('rotated')).toBeUndefined();
      await rolled.tools.expire('rotated');
      const again = await rolled.tools.lookup('rotated', () => TOKEN);
      expect(again).toMatchObject({ outcome: 'loaded', version: expect.stringContaining('-') });
      expect(await later.tools.get('rotated')).toBe(TOKEN);
    } finally {
      for (const { lockstep, proxy } of [rolled, later]) {
        await lockstep.close();
        await proxy.close();
      }
    }
  });
});
