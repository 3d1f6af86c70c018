import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { simulate } from './simulate.ts';
import { traceOf } from './trace.ts';

const USAGE =
  'Usage: pnpm sim --seeds N [--seed S]    N schedules from seed S (1) on;  pnpm sim --seed S    that one\n';
const SEED_MAX = 0xffff_ffff;
/** After this many failing seeds the rest is not worth waiting for. */
const FAILURES_MAX = 5;

const range = parseRange();
if (range === undefined) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  process.exitCode = await run(range);
}

async function run({ first, count }: { readonly first: number; readonly count: number }): Promise<number> {
  const startedMs = performance.now();
  let done = 0;
  let failed = 0;
  for (let seed = first; seed < first + count && failed < FAILURES_MAX; seed++) {
    const simulation = await simulate(seed);
    done++;
    if (simulation.violations.length === 0) continue;
    failed++;
    process.stdout.write(traceOf(simulation));
  }
  const perSecond = (done / (performance.now() - startedMs)) * 1_000;
  const verdict = failed === 0 ? 'ok' : 'FAILED';
  process.stdout.write(
    `sim: ${verdict}: ${done} seeds from ${first}, ${failed} failed, ${perSecond.toFixed(1)} seeds/s\n`,
  );
  return failed === 0 ? 0 : 1;
}

function parseRange(): { readonly first: number; readonly count: number } | undefined {
  try {
    const { values } = parseArgs({ options: { seeds: { type: 'string' }, seed: { type: 'string' } } });
    const first = Number(values.seed ?? 1);
    const count = Number(values.seeds ?? (values.seed === undefined ? 'none' : 1));
    const fits =
      Number.isInteger(first) && Number.isInteger(count) && first >= 0 && count >= 1 && first + count <= SEED_MAX;
    return fits ? { first, count } : undefined;
  } catch {
    return undefined;
  }
}
