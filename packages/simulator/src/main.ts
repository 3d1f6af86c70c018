import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { simulate } from './simulate.ts';
import { traceOf } from './trace.ts';

const USAGE = `Usage: pnpm sim --seeds N [--seed S] [--failures F]
       pnpm sim --seed S

  --seeds N     run N schedules, from seed S (1) on
  --seed S      run that schedule alone
  --failures F  stop after F failing ones (5)
`;
const SEED_MAX = 0xffff_ffff;
/** After this many failing seeds the rest is not worth waiting for. */
const FAILURES_DEFAULT = 5;

const range = parseRange();
if (range === undefined) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else {
  process.exitCode = await run(range);
}

interface Range {
  readonly first: number;
  readonly count: number;
  readonly failuresMax: number;
}

async function run({ first, count, failuresMax }: Range): Promise<number> {
  const startedMs = performance.now();
  let done = 0;
  let failed = 0;
  for (let seed = first; seed < first + count && failed < failuresMax; seed++) {
    const simulation = await simulate(seed);
    done++;
    if (simulation.violations.length === 0) continue;
    failed++;
    process.stdout.write(traceOf(simulation));
  }
  const perSecond = ((done / (performance.now() - startedMs)) * 1_000).toFixed(1);
  const verdict = failed === 0 ? 'ok' : 'FAILED';
  process.stdout.write(`sim: ${verdict}: ${done} seeds from ${first}, ${failed} failed, ${perSecond} seeds/s\n`);
  return failed === 0 ? 0 : 1;
}

function parseRange(): Range | undefined {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({ options: { seeds: text, seed: text, failures: text } });
    const first = Number(values.seed ?? 1);
    const count = Number(values.seeds ?? (values.seed === undefined ? 'none' : 1));
    const failuresMax = Number(values.failures ?? FAILURES_DEFAULT);
    const areWhole = [first, count, failuresMax].every((number) => Number.isInteger(number));
    const fits = areWhole && first >= 0 && count >= 1 && failuresMax >= 1 && first + count <= SEED_MAX;
    return fits ? { first, count, failuresMax } : undefined;
  } catch {
    return undefined;
  }
}
