/**
 * Runs every check that does not execute the product, two at a time, and closes with one line: `check: ok (…)`
 * or `check: FAILED: <names>`. `pnpm check lint layers` runs the named ones only.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';

interface Step {
  readonly name: string;
  readonly command: string;
}

/** Longest first: the two lanes then end at about the same time. */
const STEPS: readonly Step[] = [
  { name: 'packages', command: 'turbo run build --output-logs=errors-only && node scripts/check/packages.ts' },
  { name: 'types', command: 'turbo run typecheck --output-logs=errors-only && tsc -p scripts/tsconfig.json' },
  { name: 'layers', command: `depcruise --output-type err ${existing('packages', 'apps', 'scripts')}` },
  { name: 'unused', command: 'knip --no-progress --no-config-hints' },
  { name: 'lint', command: 'biome ci --error-on-warnings --colors=off' },
  { name: 'tree', command: 'node scripts/check/tree.ts' },
  { name: 'options', command: 'node scripts/check/option-tables.ts' },
  { name: 'promises', command: 'node scripts/check/promises.ts' },
  { name: 'shell', command: 'bash scripts/check/shell.sh' },
];

const LANES = 2;

function existing(...folders: string[]): string {
  return folders.filter((folder) => existsSync(folder)).join(' ');
}

/** Runs one step to its end; its output is shown when it failed, or when it has something to warn about. */
function run(step: Step): Promise<boolean> {
  const startedAt = performance.now();
  return new Promise((resolve) => {
    const child = spawn(step.command, { shell: true, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (output += chunk));
    child.on('close', (exitCode) => {
      const seconds = ((performance.now() - startedAt) / 1000).toFixed(1);
      const ok = exitCode === 0;
      console.log(`${ok ? 'ok    ' : 'FAILED'} ${step.name} (${seconds} s)`);
      if (!ok || /^warning:/m.test(output)) console.log(output.trimEnd());
      resolve(ok);
    });
  });
}

async function lane(queue: Step[], failed: string[]): Promise<void> {
  for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
    if (!(await run(step))) failed.push(step.name);
  }
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !STEPS.some((step) => step.name === name));
if (unknown.length > 0) {
  console.error(`no such check: ${unknown.join(', ')}; there are ${STEPS.map((step) => step.name).join(', ')}`);
  process.exit(2);
}

const steps = STEPS.filter((step) => wanted.length === 0 || wanted.includes(step.name));
const queue = [...steps];
const failed: string[] = [];
await Promise.all(Array.from({ length: LANES }, () => lane(queue, failed)));

if (failed.length > 0) {
  console.log(`check: FAILED: ${failed.join(', ')}`);
  process.exit(1);
}
console.log(`check: ok (${steps.map((step) => step.name).join(', ')})`);
