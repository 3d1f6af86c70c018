import type { Namespace, NamespaceOptions } from '@lockstep/cache';
import type { Row } from './figures.ts';
import { medianOf, quantiles, row } from './figures.ts';
import type { Scale } from './item.ts';
import { nowNs } from './peer.ts';
import { openNode, startServers } from './servers.ts';

const SIZES = [
  ['1-kib', 1_024],
  ['64-kib', 65_536],
] as const;
const RUNS = 3;
const ROUNDS = 300;

/** How values may be packed for the tier. */
const PACKINGS = {
  plain: { secret: false, compressFrom: 0 },
  compressed: { secret: false, compressFrom: 1 },
  encrypted: { secret: true, compressFrom: 0 },
  both: { secret: true, compressFrom: 1 },
} satisfies Record<string, NamespaceOptions>;

/** A write and a read of it from the tier, compressed, encrypted or both, beside the same of a plain value. */
export async function packings({ small }: Scale): Promise<readonly Row[]> {
  await using servers = await startServers();
  const encryptionKeys = [{ id: 'bench', key: Buffer.alloc(32, 1) }];
  const lockstep = await openNode(servers, { encryptionKeys });
  try {
    const kinds = Object.entries(PACKINGS);
    const namespaces = kinds.map(([name, packing]) => {
      // So few near entries that what is read is not near.
      return lockstep.namespace<Value>(`bench-${name}`, { ttl: '1h', nearEntriesMax: 1, ...packing });
    });
    const rows: Row[] = [];
    for (const [size, bytes] of SIZES) {
      const value = valueOfBytes(bytes);
      const runs = kinds.map((): ReturnType<typeof quantiles>[] => []);
      for (let run = 0; run < (small ? 1 : RUNS); run++) {
        const times = kinds.map((): number[] => []);
        const rounds = small ? 5 : ROUNDS;
        for (let round = -rounds / 5; round < rounds; round++) {
          for (const [at, namespace] of namespaces.entries()) {
            const us = await timeOf(namespace, value);
            if (round >= 0) times[at]?.push(us);
          }
        }
        for (const [at, samples] of times.entries()) runs[at]?.push(quantiles(samples));
      }
      const [floor, ...others] = runs.map(medianOf);
      for (const [at, ours] of others.entries()) {
        const id = `packing.${size}.${kinds[at + 1]?.[0]}`;
        rows.push(row({ id, unit: 'us', ours, ...(floor && { floor }) }));
      }
    }
    return rows;
  } finally {
    await lockstep.close();
  }
}

interface Value {
  readonly tools: readonly { readonly name: string; readonly description: string }[];
}

async function timeOf(namespace: Namespace<Value>, value: Value): Promise<number> {
  await new Promise((resolve) => setImmediate(resolve));
  const startedNs = nowNs();
  await namespace.set('value', value);
  // Takes the one place in the near-cache.
  await namespace.set('other', { tools: [] });
  const found = await namespace.get('value');
  const us = (nowNs() - startedNs) / 1e3;
  if (found?.tools.length !== value.tools.length) throw new Error('what was read is not what was written');
  return us;
}

/** About so many bytes of JSON, as a list of tools is: much of it the same, and much not. */
function valueOfBytes(bytes: number): Value {
  const tools: Value['tools'][number][] = [];
  for (let size = 0; size < bytes; ) {
    const number = tools.length;
    const description = `Finds what ${(number * 2_654_435_761).toString(36)} needs, ${Math.sin(number).toString(36)}`;
    tools.push({ name: `tool-${number}`, description });
    size = JSON.stringify({ tools }).length;
  }
  return { tools };
}
