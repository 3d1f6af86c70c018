import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { Canary } from '../canaries/canaries.ts';
import { CANARIES } from '../canaries/canaries.ts';

const PACKAGE = join(import.meta.dirname, '..');
/** Within so many random schedules a broken rule has to be noticed. */
const SEEDS_MAX = 5_000;
const RANDOM: readonly string[] = ['--seeds', String(SEEDS_MAX)];

/** Runs schedules with one rule taken out of the code. */
function run(
  canary: string,
  schedules: readonly string[],
): Promise<{ readonly exitCode: number | null; readonly text: string }> {
  const args = ['--conditions=@lockstep/source', '--import', './canaries/hooks.ts', 'src/main.ts', ...schedules];
  const env = { ...process.env, LOCKSTEP_CANARY: canary };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { cwd: PACKAGE, env }, (_, stdout, stderr) => {
      resolve({ exitCode: child.exitCode, text: stdout + stderr });
    });
  });
}

describe('with a rule of the protocol taken out of the code', () => {
  test.for(Object.entries(CANARIES))('the checkers notice: %s', { timeout: 300_000 }, async ([name, canary]) => {
    const { shownBy, args = [] }: Canary = canary;
    const { schedule, as = '' } = shownBy ?? {};
    const found = await run(
      name,
      // The first seed that notices may notice another promise that the broken rule kept.
      schedule === undefined ? [...RANDOM, ...args, '--failures', as === '' ? '1' : '10'] : ['--schedule', schedule],
    );
    expect(found.text).toMatch(new RegExp(`^${schedule ?? 'seed \\d+'}: ${as}`, 'm'));
    expect(found.text).toMatch(/^sim: FAILED: /m);
    expect(found.exitCode).toBe(1);
  });

  test('the auditor of a node notices by itself, without any history of calls', { timeout: 300_000 }, async () => {
    const { text } = await run('gap-events-take-effect', [...RANDOM, '--failures', '20']);
    expect(text).toMatch(/the auditor of node \d counted [1-9]/);
  });
});
