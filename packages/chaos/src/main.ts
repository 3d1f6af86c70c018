import { parseArgs } from 'node:util';
import { runChaos } from './chaos.ts';

const USAGE = 'Usage: pnpm chaos --minutes M [--seed S] [--durable]\n';

const options = parseOptions();
if (options === undefined) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  const stop = new AbortController();
  process.once('SIGINT', () => stop.abort());
  process.once('SIGTERM', () => stop.abort());
  const say = (line: string): void => void process.stdout.write(`${line}\n`);
  const startedMs = performance.now();
  const tally = await runChaos({ ...options, say, signal: stop.signal }).catch((error: unknown) => {
    if (!stop.signal.aborted) throw error;
    return undefined;
  });
  const minutes = (performance.now() - startedMs) / 60_000;
  if (tally === undefined) {
    say('chaos: FAILED: ended before its time');
    process.exitCode = 1;
  } else {
    say(`answers: ${listOf(tally.answers)}; fences held by: ${listOf(tally.fences)}`);
    const verdict = tally.violations === 0 ? 'ok' : 'FAILED';
    const load = `${tally.operations} operations (${(tally.operations / minutes / 60).toFixed(0)}/s)`;
    const rest = `${tally.faults} faults, ${tally.lost} commits possibly lost, ${tally.replicated} replicated, ${tally.violations} violations`;
    say(`chaos: ${verdict}: ${minutes.toFixed(1)} min, seed ${options.seed}, ${load}, ${rest}`);
    process.exitCode = tally.violations === 0 ? 0 : 1;
  }
  // Left to end by itself, Node 24 may spin for ever over the handles of processes that were killed.
  process.exit();
}

function parseOptions(): { readonly minutes: number; readonly seed: number; readonly durable: boolean } | undefined {
  const text = { type: 'string' } as const;
  try {
    const durability = { type: 'boolean', default: false } as const;
    const { values } = parseArgs({ options: { minutes: text, seed: text, durable: durability } });
    const minutes = Number(values.minutes ?? 'none');
    const seed = Number(values.seed ?? 1);
    return minutes > 0 && Number.isInteger(seed) && seed >= 0 ? { minutes, seed, durable: values.durable } : undefined;
  } catch {
    return undefined;
  }
}

function listOf(counts: Readonly<Record<string, number>>): string {
  return Object.entries(counts)
    .map(([name, count]) => `${count} ${name}`)
    .join(', ');
}
