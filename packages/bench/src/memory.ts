import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Quantiles, Row } from './figures.ts';
import { quantiles, row } from './figures.ts';
import type { Scale } from './item.ts';
import { startServers } from './servers.ts';

const ENTRIES = 20_000;
const RUNS = 5;
/** What an entry may take beyond the raw one's: a third of that, and so many bytes. */
const RATIO_MAX = 1.3;
const BYTES_MORE_MAX = 200;

/** The heap that an entry of the near-cache takes, beside an entry of a bare lru-cache that holds the same value. */
export async function memory({ small }: Scale): Promise<readonly Row[]> {
  await using servers = await startServers();
  const { redisUrl, natsUrl } = servers;
  const entries = small ? 1_000 : ENTRIES;
  const measured = async (what: 'ours' | 'raw'): Promise<Quantiles> => {
    const bytes: number[] = [];
    for (let run = 0; run < (small ? 1 : RUNS); run++) {
      const args = ['--expose-gc', '--conditions=@lockstep/source', PROCESS, what, String(entries), redisUrl, natsUrl];
      const { stdout } = await promisify(execFile)(process.execPath, args);
      bytes.push(Number(stdout));
    }
    return quantiles(bytes);
  };
  const [floor, ours] = [await measured('raw'), await measured('ours')];
  const atMost = Math.round(RATIO_MAX * floor.p50 + BYTES_MORE_MAX);
  return [row({ id: 'memory.near-entry', unit: 'bytes', ours, floor, target: { at: 'p50', atMost } })];
}

const PROCESS = new URL('./memory-process.ts', import.meta.url).pathname;
