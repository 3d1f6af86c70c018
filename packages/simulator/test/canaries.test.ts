import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { CANARIES } from '../canaries/canaries.ts';

const PACKAGE = join(import.meta.dirname, '..');

/** Runs one seed as `pnpm sim` does, with the code as it is or with one rule taken out. */
async function run(seed: number, canary?: string): Promise<{ readonly code: number; readonly text: string }> {
  const hooks = canary === undefined ? [] : ['--import', './canaries/hooks.ts'];
  const args = ['--conditions=@lockstep/source', ...hooks, 'src/main.ts', '--seed', String(seed)];
  const env = { ...process.env, ...(canary !== undefined && { LOCKSTEP_CANARY: canary }) };
  try {
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: PACKAGE, env });
    return { code: 0, text: stdout };
  } catch (error) {
    const { code, stdout, stderr } = error as { code: number; stdout: string; stderr: string };
    return { code, text: stdout + stderr };
  }
}

describe('with a rule of the protocol taken out of the code', () => {
  test.for(Object.entries(CANARIES))('the checkers notice: %s', { timeout: 60_000 }, async ([name, { seed }]) => {
    const broken = await run(seed, name);
    expect(broken).toEqual({ code: 1, text: expect.stringContaining(`seed ${seed}: `) });
  });

  test('the same seeds are clean with the rules in', { timeout: 120_000 }, async () => {
    const seeds = new Set(Object.values(CANARIES).map(({ seed }) => seed));
    for (const seed of seeds) expect(await run(seed)).toMatchObject({ code: 0 });
  });
});
