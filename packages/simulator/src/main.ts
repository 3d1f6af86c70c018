import { performance } from 'node:perf_hooks';
import { setImmediate as turnOfTheLoop } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { FAULT_KINDS } from './faults.ts';
import type { Schedule } from './scene.ts';
import { play } from './scene.ts';
import { SCHEDULES } from './schedules.ts';
import { DEFAULT_OPTIONS, simulate } from './simulate.ts';
import { traceOf } from './trace.ts';

const USAGE = `Usage: pnpm sim --seeds N [--seed S] [--failures F] [--faults A,B,…] [--durable]
       pnpm sim --seed S
       pnpm sim --schedule NAME

  --seeds N     run N schedules, from seed S (1) on
  --seed S      run that schedule alone
  --failures F  stop after F failing ones (5)
  --durable     writes wait for the tier's replica, and may not be lost once it has them
  --faults …    only faults of these kinds: ${FAULT_KINDS.join(', ')}
  --schedule …  one written by hand: ${Object.keys(SCHEDULES).join(', ')}
`;
const SEED_MAX = 0xffff_ffff;
/** After this many failing seeds the rest is not worth waiting for. */
const FAILURES_DEFAULT = 5;

const asked = parseArguments();
if (asked === undefined) {
  process.stderr.write(USAGE);
  process.exitCode = 2;
} else if ('schedule' in asked) {
  process.exitCode = await runSchedule(asked.schedule);
} else {
  process.exitCode = await runSeeds(asked);
}

interface Range {
  readonly first: number;
  readonly count: number;
  readonly failuresMax: number;
  readonly faults: readonly string[];
  readonly durable: boolean;
}

async function runSeeds({ first, count, failuresMax, faults, durable }: Range): Promise<number> {
  const startedMs = performance.now();
  let done = 0;
  let failed = 0;
  for (let seed = first; seed < first + count && failed < failuresMax; seed++) {
    const played = await simulate(seed, { ...DEFAULT_OPTIONS, faults, durable });
    done++;
    // A schedule runs without a turn of the event loop: what is weakly held is let go of in one.
    await turnOfTheLoop();
    if (played.violations.length === 0) continue;
    failed++;
    process.stdout.write(traceOf(played));
  }
  const perSecond = ((done / (performance.now() - startedMs)) * 1_000).toFixed(1);
  const verdict = failed === 0 ? 'ok' : 'FAILED';
  process.stdout.write(`sim: ${verdict}: ${done} seeds from ${first}, ${failed} failed, ${perSecond} seeds/s\n`);
  return failed === 0 ? 0 : 1;
}

async function runSchedule(name: string): Promise<number> {
  const played = await play(name, SCHEDULES[name] as Schedule);
  const isKept = played.violations.length === 0;
  if (!isKept) process.stdout.write(traceOf(played));
  process.stdout.write(`sim: ${isKept ? 'ok' : 'FAILED'}: schedule ${name}\n`);
  return isKept ? 0 : 1;
}

function parseArguments(): Range | { readonly schedule: string } | undefined {
  const text = { type: 'string' } as const;
  try {
    const { values } = parseArgs({
      options: {
        seeds: text,
        seed: text,
        failures: text,
        faults: text,
        schedule: text,
        durable: { type: 'boolean', default: false },
      },
    });
    if (values.schedule !== undefined) return values.schedule in SCHEDULES ? { schedule: values.schedule } : undefined;
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
