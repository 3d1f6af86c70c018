import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import type { Quantiles } from './figures.ts';
import { medianOf, quantiles } from './figures.ts';
import type { Scale } from './item.ts';

/** Runs in one process, whose medians count. */
const RUNS = 3;

/** One way to read a key. */
export interface Subject {
  readonly name: string;
  read(keys: readonly string[]): number | Promise<number>;
}

/** Reads the same keys by every subject in turn, again and again; per subject, the time of one read. */
export async function inTurns(
  subjects: readonly Subject[],
  keys: readonly string[],
  { small }: Scale,
): Promise<readonly Quantiles[]> {
  const runs: Quantiles[][] = subjects.map(() => []);
  const batches = small ? 5 : 150;
  for (let run = 0; run < (small ? 1 : RUNS); run++) {
    const times: number[][] = subjects.map(() => []);
    for (let batch = -batches / 5; batch < batches; batch++) {
      for (const [index, subject] of subjects.entries()) {
        const elapsedNs = await timeOf(subject, keys);
        if (batch >= 0) times[index]?.push(elapsedNs / keys.length);
      }
    }
    for (const [index, samples] of times.entries()) runs[index]?.push(quantiles(samples));
  }
  return runs.map(medianOf);
}

/** One batch on an event loop that has just had its turn: heartbeats go on in between. */
async function timeOf(subject: Subject, keys: readonly string[]): Promise<number> {
  await new Promise((resolve) => setImmediate(resolve));
  const startedNs = process.hrtime.bigint();
  const sum = await subject.read(keys);
  const elapsedNs = Number(process.hrtime.bigint() - startedNs);
  if (sum <= 0) throw new Error(`${subject.name} read nothing`);
  return elapsedNs;
}

/** The heap's growth by one read: the median over batches that are too short for the collector to be needed. */
export async function bytesPerRead(subject: Subject, keys: readonly string[], { small }: Scale): Promise<number> {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as () => void;
  const grown: number[] = [];
  for (let batch = 0; batch < (small ? 20 : 1_000); batch++) {
    if (batch % 20 === 0) {
      await new Promise((resolve) => setImmediate(resolve));
      collect();
    }
    const before = process.memoryUsage().heapUsed;
    void subject.read(keys);
    grown.push((process.memoryUsage().heapUsed - before) / keys.length);
  }
  return Math.max(0, Math.round(quantiles(grown).p50));
}

/** Each key as often as any other. */
export function uniform(names: readonly string[], count: number): readonly string[] {
  return Array.from({ length: count }, () => names[Math.floor(Math.random() * names.length)] as string);
}
