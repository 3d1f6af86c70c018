import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { busOutage } from './bus-outage.ts';
import { fencedClear } from './fenced-clear.ts';
import type { Row } from './figures.ts';
import { heartbeatCost } from './heartbeat-cost.ts';
import { invalidation } from './invalidation.ts';
import type { Item } from './item.ts';
import { memory } from './memory.ts';
import { namespaceClear } from './namespace-clear.ts';
import { nearHit } from './near-hit.ts';
import { packings } from './packings.ts';
import { stampede } from './stampede.ts';
import { summaryOf, tableOf } from './table.ts';
import { manyKeys, tierHit } from './tier-hit.ts';
import { tierMemory } from './tier-memory.ts';
import { tracing } from './tracing.ts';

const USAGE = `Usage: pnpm bench [--only ITEM] [--json FILE] [--smoke]

  --only ITEM  measures that item alone; several: --only A --only B
  --json FILE  writes the rows there, too
  --smoke      shows that everything runs, with figures that say nothing
`;

/** In the order in which they run. */
const ITEMS: ReadonlyMap<string, Item> = new Map([
  ['near-hit', nearHit],
  ['tracing', tracing],
  ['memory', memory],
  ['tier-memory', tierMemory],
  ['tier-hit', tierHit],
  ['many-keys', manyKeys],
  ['packing', packings],
  ['stampede', stampede],
  ['invalidation', invalidation],
  ['bus-outage', busOutage],
  ['fenced-clear', fencedClear],
  ['namespace-clear', namespaceClear],
  ['heartbeat', heartbeatCost],
]);

const options = parse();
if (options === undefined) {
  process.stderr.write(`${USAGE}\nItems: ${[...ITEMS.keys()].join(', ')}\n`);
  process.exitCode = 2;
} else {
  await run(options);
}

interface Options {
  readonly items: readonly string[];
  readonly json: string | undefined;
  readonly smoke: boolean;
}

async function run({ items, json, smoke }: Options): Promise<void> {
  process.stdout.write(`${machine()}\n`);
  const rows: Row[] = [];
  for (const [name, item] of ITEMS) {
    if (!items.includes(name)) continue;
    process.stderr.write(`${name} …\n`);
    rows.push(...(await item({ small: smoke })));
  }
  if (json !== undefined) writeFileSync(json, `${JSON.stringify(rows, undefined, 2)}\n`);
  process.stdout.write(`${tableOf(rows)}\n${summaryOf(rows)}\n`);
}

/** What the figures depend on. */
function machine(): string {
  const [cpu] = cpus();
  const commit = execFileSync('git', ['describe', '--always', '--dirty'], { encoding: 'utf8' }).trim();
  return `${cpu?.model ?? 'unknown CPU'}, ${cpus().length} cores, Node ${process.version}, commit ${commit}`;
}

function parse(): Options | undefined {
  try {
    const { values } = parseArgs({
      options: {
        only: { type: 'string', multiple: true },
        json: { type: 'string' },
        smoke: { type: 'boolean', default: false },
      },
    });
    const items = values.only ?? [...ITEMS.keys()];
    return items.every((name) => ITEMS.has(name)) ? { items, json: values.json, smoke: values.smoke } : undefined;
  } catch {
    return undefined;
  }
}
