import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { CANARIES } from '../canaries/canaries.ts';

const PACKAGE = join(import.meta.dirname, '..');
/** Within so many schedules a broken rule has to be noticed. */
const SEEDS_MAX = 5_000;

/** Runs schedules until one, or so many, fail, with one rule taken out of the code. */
function search(canary: string, failures = 1): Promise<{ readonly exitCode: number | null; readonly text: string }> {
  const run = ['src/main.ts', '--seeds', String(SEEDS_MAX), '--failures', String(failures)];
  const more = CANARIES[canary]?.args ?? [];
  const args = ['--conditions=@lockstep/source', '--import', './canaries/hooks.ts', ...run, ...more];
  const env = { ...process.env, LOCKSTEP_CANARY: canary };
  return new Promise((resolve) => {
    const child = execFile(process.execPath, args, { cwd: PACKAGE, env }, (_, stdout, stderr) => {
      resolve({ exitCode: child.exitCode, text: stdout + stderr });
    });
  });
}

describe('with a rule of the protocol taken out of the code', () => {
  test.for(Object.keys(CANARIES))('the checkers notice: %s', { timeout: 300_000 }, async (name) => {
    const { exitCode, text } = await search(name);
    expect(text).toMatch(/^sim: FAILED: .* 1 failed/m);
    expect(exitCode).toBe(1);
  });

  test('the auditor of a node notices by itself, without any history of calls', { timeout: 300_000 }, async () => {
    const { text } = await search('gap-events-take-effect', 20);
    expect(text).toMatch(/the auditor of node \d counted [1-9]/);
  });
});
