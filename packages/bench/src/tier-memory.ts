import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import type { Row } from './figures.ts';
import { row, single } from './figures.ts';
import type { Scale } from './item.ts';
import { openNode, startServers } from './servers.ts';

const ENTRIES = 20_000;
const SCOPES = 2_000;
/** 1 KiB in text that does not compress; JSON adds the quotes. */
const VALUE_BYTES = 1_022;
const ENCRYPTION_KEYS = [{ id: 'k1', key: '5a'.repeat(32) }];

/** The memory of the tier that an entry of 1 KiB, an event in a log and a cleared scope take. */
export async function tierMemory({ small }: Scale): Promise<readonly Row[]> {
  await using servers = await startServers();
  const redis = new Redis(servers.redisUrl);
  const node = await openNode(servers, { encryptionKeys: ENCRYPTION_KEYS });
  const [entries, scopes] = small ? [200, 20] : [ENTRIES, SCOPES];
  const used = async (): Promise<number> => Number(/^used_memory:(\d+)/m.exec(await redis.info('memory'))?.[1]);
  const each = async (count: number, work: (at: number) => Promise<unknown>): Promise<number> => {
    const before = await used();
    for (let at = 0; at < count; at += 100) {
      await Promise.all(Array.from({ length: Math.min(100, count - at) }, (_, more) => work(at + more)));
    }
    return Math.max(0, (await used()) - before) / count;
  };
  const options = { ttl: '1d', compressFrom: 0 } as const;
  const plain = node.namespace<string>('plain', { ...options, secret: false });
  const sealed = node.namespace<string>('sealed', { ...options, secret: true });
  const value = (): string => randomBytes(VALUE_BYTES).toString('base64').slice(0, VALUE_BYTES);
  const ofPlain = await each(entries, (at) => plain.getOrLoad(`key ${at}`, value));
  const ofSealed = await each(entries, (at) => sealed.getOrLoad(`key ${at}`, value));
  const tags = Array.from({ length: 5 }, (_, at) => `tag-${at}`);
  const ofTagged = await each(entries, (at) => plain.getOrLoad(`tagged ${at}`, value, { tags }));
  const ofEvent = await each(entries, (at) => plain.clear(`no such key ${at}`));
  const ofScope = await each(scopes, (at) => node.clear({ tag: `scope ${at}` }));
  await node.close();
  redis.disconnect();
  const bytes = { unit: 'bytes' } as const;
  return [
    row({ id: 'tier-memory.entry-1-kib', ...bytes, ours: single(ofPlain) }),
    row({ id: 'tier-memory.entry-1-kib.encrypted', ...bytes, ours: single(ofSealed) }),
    row({ id: 'tier-memory.entry-1-kib.five-tags', ...bytes, ours: single(ofTagged) }),
    row({ id: 'tier-memory.event', ...bytes, ours: single(ofEvent) }),
    row({ id: 'tier-memory.scope', ...bytes, ours: single(ofScope) }),
  ];
}
