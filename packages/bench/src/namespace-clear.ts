import { Redis } from 'ioredis';
import type { Row } from './figures.ts';
import { medianOf, quantiles, row } from './figures.ts';
import type { Scale } from './item.ts';
import { nowNs } from './peer.ts';
import { openNode, startServers } from './servers.ts';

const RUNS = 3;
const FEW = 10;
const COPIES_PER_CALL = 5_000;
/** The length of a key id, which a copy's has too. */
const KEY_ID_CHARACTERS = 32;

/** Copies an entry and its place in the index under made-up key ids. ARGV: the entry, its index, first and last copy. */
const COPY = `
local text, index = redis.call('GET', KEYS[1]), KEYS[2]
local prefix = string.sub(KEYS[1], 1, -${KEY_ID_CHARACTERS + 1})
local ends = redis.call('ZRANGE', index, 0, 0, 'WITHSCORES')[2]
for copy = tonumber(ARGV[1]), tonumber(ARGV[2]) do
  local keyId = string.format('%0${KEY_ID_CHARACTERS}x', copy)
  redis.call('SET', prefix .. keyId, text, 'PX', 3600000)
  redis.call('ZADD', index, ends, keyId)
end`;

/** Clears of a namespace that holds a million entries in the tier, in turns with those of one that holds ten. */
export async function namespaceClear({ small }: Scale): Promise<readonly Row[]> {
  const many = small ? 1_000 : 1_000_000;
  await using servers = await startServers();
  await using lockstep = await openNode(servers);
  await fill(servers.redisUrl, lockstep.namespace<string>('many', { ttl: 3_600_000 }), many);
  const few = lockstep.namespace<string>('few', { ttl: 3_600_000 });
  for (let index = 0; index < FEW; index++) await few.set(`key-${index}`, 'a value');
  const held = { many: await lockstep.count('many'), few: await lockstep.count('few') };
  if (held.many !== many || held.few !== FEW) throw new Error(`the tier holds ${JSON.stringify(held)}`);

  const clearMs = async (namespace: string): Promise<number> => {
    const startedNs = nowNs();
    await lockstep.clear({ namespace });
    return (nowNs() - startedNs) / 1e6;
  };
  const runs: { readonly many: number[]; readonly few: number[] }[] = [];
  for (let run = 0; run < (small ? 1 : RUNS); run++) {
    const times = { many: [] as number[], few: [] as number[] };
    for (let round = small ? -5 : -100; round < (small ? 20 : 500); round++) {
      const pair = { many: await clearMs('many'), few: await clearMs('few') };
      if (round < 0) continue;
      times.many.push(pair.many);
      times.few.push(pair.few);
    }
    runs.push(times);
  }
  return [
    row({
      id: 'namespace-clear.million-beside-ten',
      unit: 'ms',
      ours: medianOf(runs.map((times) => quantiles(times.many))),
      floor: medianOf(runs.map((times) => quantiles(times.few))),
      target: { at: 'p50', ratioAtMost: 2 },
    }),
  ];
}

/** Writes one value as a node does, and copies its entry in the tier until there are `count`. */
async function fill(
  redisUrl: string,
  namespace: { readonly name: string; set(key: string, value: string): Promise<unknown> },
  count: number,
): Promise<void> {
  await namespace.set('original', 'a value');
  const redis = new Redis(redisUrl);
  const [[entry], [index]] = await Promise.all([
    redis.keys('lockstep:{*}:entry:*'),
    redis.keys(`lockstep:{*}:index:${namespace.name}`),
  ]);
  if (entry === undefined || index === undefined) throw new Error('the tier has no entry to copy');
  for (let from = 1; from < count; from += COPIES_PER_CALL) {
    await redis.eval(COPY, 2, entry, index, from, Math.min(count - 1, from + COPIES_PER_CALL - 1));
  }
  await redis.quit();
}
