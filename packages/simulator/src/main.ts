import { performance } from 'node:perf_hooks';
import { parseArgs } from 'node:util';
import { FAULT_KINDS } from './faults.ts';
import { DEFAULT_OPTIONS, simulate } from './simulate.ts';
import { traceOf } from './trace.ts';

const USAGE = `Usage: pnpm sim --seeds N [--seed S] [--failures F] [--faults A,B,…] [--durable]
       pnpm sim --seed S

  --seeds N     run N schedules, from seed S (1) on
  --seed S      run that schedule alone
  --failures F  stop after F failing ones (5)
  --durable     writes wait for the tier's replica, and may not be lost once it has them
  --faults …    only faults of these kinds: ${FAULT_KINDS.join(', ')}
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
  readonly faults: readonly string[];
  readonly durable: boolean;
}

async function run({ first, count, failuresMax, faults, durable }: Range): Promise<number> {
  const startedMs = performance.now();
  let done = 0;
  let failed = 0;
  for (let seed = first; seed < first + count && failed < failuresMax; seed++) {
    const simulation = await simulate(seed, { ...DEFAULT_OPTIONS, faults, durable });
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
    const { values } = parseArgs({
      options: { seeds: text, seed: text, failures: text, faults: text, durable: { type: 'boolean', default: false } },
    });
    const first = Number(values.seed ?? 1);
    const count = Number(values.seeds ?? (values.seed === undefined ? 'none' : 1));
    const failuresMax = Number(values.failures ?? FAILURES_DEFAULT);
    const faults = values.faults?.split(',') ?? FAULT_KINDS;
    const areKnown = faults.every((kind) => FAULT_KINDS.includes(kind));
    const areWhole = [first, count, failuresMax].every((number) => Number.isInteger(number));
    const fits = areKnown && areWhole && first >= 0 && count >= 1 && failuresMax >= 1 && first + count <= SEED_MAX;
    return fits ? { first, count, failuresMax, faults, durable: values.durable } : undefined;
  } catch {
    return undefined;
  }
}
