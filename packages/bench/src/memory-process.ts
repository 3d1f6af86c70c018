import { LRUCache } from 'lru-cache';
import { openNode } from './servers.ts';

/**
 * A process that keeps so many values, in a near-cache or in a bare lru-cache, and writes to standard output how many
 * bytes of the heap each takes.
 */
const [what, count, redisUrl = '', natsUrl = ''] = process.argv.slice(2);
const entries = Number(count);
const keys = Array.from({ length: entries }, (_, index) => `key-${index}`);

/** A new object each time, as parsing an answer of the tier makes it. */
function newValue(key: string): unknown {
  return JSON.parse(JSON.stringify({ key, text: key.padEnd(1_000, 'v') }));
}

function heapBytes(): number {
  for (let time = 0; time < 4; time++) global.gc?.();
  return process.memoryUsage().heapUsed;
}

/** Keeps everything in what it answers. */
async function filled(): Promise<() => unknown> {
  if (what === 'raw') {
    const cache = new LRUCache<string, object>({ max: entries });
    for (const key of keys) cache.set(key, newValue(key) as object);
    return () => cache.size;
  }
  const lockstep = await openNode({ redisUrl, natsUrl });
  const values = lockstep.namespace('bench', { ttl: '1h', nearEntriesMax: entries });
  emptyBytes = heapBytes();
  for (let from = 0; from < entries; from += 100) {
    await values.setMany(keys.slice(from, from + 100).map((key) => [key, newValue(key)]));
  }
  const [last = ''] = keys.slice(-1);
  // What writing leaves behind for a moment is gone after that.
  await new Promise((resolve) => setTimeout(resolve, 500));
  return () => values.peek(last);
}

let emptyBytes = heapBytes();
const kept = await filled();
const bytes = (heapBytes() - emptyBytes) / entries;
if (kept() === undefined) throw new Error('nothing was kept');
process.stdout.write(String(bytes));
process.exit(0);
