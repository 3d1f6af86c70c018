import type { Namespace } from '@lockstep/cache';
import { Loader } from 'layered-loader';
import { LRUCache } from 'lru-cache';
import type { Quantiles, Row } from './figures.ts';
import { row, single } from './figures.ts';
import type { Scale } from './item.ts';
import { openNode, startServers } from './servers.ts';
import type { Subject } from './turns.ts';
import { bytesPerRead, inTurns, uniform } from './turns.ts';

const ENTRIES = 10_000;
const VALUE_BYTES = 1_024;
const ZIPF_EXPONENT = 0.99;
const WRITES_AT_ONCE = 100;

interface Value {
  readonly size: number;
  readonly text: string;
}

type SixTimes = readonly [Quantiles, Quantiles, Quantiles, Quantiles, Quantiles, Quantiles];

/** Near-cache hits beside a raw lru-cache, in one process and in turns, on a node of a real cluster. */
export async function nearHit(scale: Scale): Promise<readonly Row[]> {
  await using servers = await startServers();
  await using lockstep = await openNode(servers);
  const ours = lockstep.namespace<Value>('bench', { ttl: 3_600_000, nearEntriesMax: ENTRIES });
  const raw = new LRUCache<string, Value>({ max: ENTRIES });
  const names = Array.from({ length: ENTRIES }, (_, index) => `key-${index}`);
  const values = names.map((_, index) => ({ size: index + 1, text: String(index % 10).repeat(VALUE_BYTES) }));
  const peer = layeredLoader();
  for (let from = 0; from < ENTRIES; from += WRITES_AT_ONCE) {
    const batch = names.slice(from, from + WRITES_AT_ONCE);
    await Promise.all(batch.map((name, index) => ours.set(name, values[from + index] as Value)));
  }
  // The same objects in all of them: where they lie in memory is the same for all, too.
  for (const [index, name] of names.entries()) {
    raw.set(name, values[index] as Value);
    await peer.forceSetValue(name, values[index] as Value);
  }

  const rows: Row[] = [];
  for (const draw of [zipfian, uniform]) {
    const keys = draw(names, scale.small ? 1_000 : 20_000);
    const subjects = [rawGet(raw), peek(ours), peerPeek(peer), awaitedRawGet(raw), awaitedGet(ours), peerGet(peer)];
    const times = await inTurns(subjects, keys, scale);
    const [floor, peeked, peerPeeked, awaitedFloor, got, peerGot] = times as SixTimes;
    const id = (what: string): string => `near-hit.${what}.${draw.name}`;
    rows.push(
      row({ id: id('peek'), unit: 'ns', ours: peeked, floor, target: { at: 'p50', ratioAtMost: 2.2 } }),
      row({ id: id('get'), unit: 'ns', ours: got, floor: awaitedFloor, target: { at: 'p50', ratioAtMost: 1.6 } }),
      row({ id: id('layered-loader-peek'), unit: 'ns', ours: peerPeeked, floor }),
      row({ id: id('layered-loader-get'), unit: 'ns', ours: peerGot, floor: awaitedFloor }),
    );
  }
  const keys = uniform(names, 10_000);
  rows.push(
    row({
      id: 'near-hit.peek.allocated',
      unit: 'bytes',
      ours: single(await bytesPerRead(peek(ours), keys, scale)),
      floor: single(await bytesPerRead(wallReading, keys, scale)),
      target: { at: 'p50', atMost: 0 },
    }),
  );
  return rows;
}

function rawGet(raw: LRUCache<string, Value>): Subject {
  return {
    name: 'raw lru-cache get',
    read(keys) {
      let sum = 0;
      for (const key of keys) sum += (raw.get(key) as Value).size;
      return sum;
    },
  };
}

function peek(namespace: Namespace<Value>): Subject {
  return {
    name: 'peek',
    read(keys) {
      let sum = 0;
      for (const key of keys) sum += (namespace.peek(key) as Value).size;
      return sum;
    },
  };
}

function awaitedRawGet(raw: LRUCache<string, Value>): Subject {
  const get = async (key: string): Promise<Value | undefined> => raw.get(key);
  return {
    name: 'awaited function around a raw get',
    async read(keys) {
      let sum = 0;
      for (const key of keys) sum += ((await get(key)) as Value).size;
      return sum;
    },
  };
}

function awaitedGet(namespace: Namespace<Value>): Subject {
  return {
    name: 'await get',
    async read(keys) {
      let sum = 0;
      for (const key of keys) sum += ((await namespace.get(key)) as Value).size;
      return sum;
    },
  };
}

/** The fastest of the peers; it checks a time to live, and makes no promise about other nodes. */
function layeredLoader(): Loader<Value> {
  return new Loader<Value>({
    inMemoryCache: { cacheType: 'lru-object', maxItems: ENTRIES, ttlInMsecs: 3_600_000 },
    dataSources: [],
  });
}

function peerPeek(peer: Loader<Value>): Subject {
  return {
    name: 'layered-loader, synchronous',
    read(keys) {
      let sum = 0;
      for (const key of keys) sum += (peer.getInMemoryOnly(key) as Value).size;
      return sum;
    },
  };
}

function peerGet(peer: Loader<Value>): Subject {
  return {
    name: 'layered-loader, awaited',
    async read(keys) {
      let sum = 0;
      for (const key of keys) sum += ((await peer.get(key)) as Value).size;
      return sum;
    },
  };
}

/** What V8 itself allocates for one reading of wall time: `Date.now` answers a boxed double. */
const wallReading: Subject = {
  name: 'Date.now',
  read(keys) {
    let sum = 0;
    for (const key of keys) if (Date.now() > key.length) sum++;
    return sum;
  },
};

/** Few keys are read often: the one of rank r in proportion to 1 / r^0.99. */
function zipfian(names: readonly string[], count: number): readonly string[] {
  let total = 0;
  const upTo = names.map((_, rank) => (total += 1 / (rank + 1) ** ZIPF_EXPONENT));
  return Array.from({ length: count }, () => {
    const drawn = Math.random() * total;
    return names[upTo.findIndex((bound) => drawn < bound)] as string;
  });
}
