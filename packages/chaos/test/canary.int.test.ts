import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';

const PACKAGE = join(import.meta.dirname, '..');
const HOOKS = join(PACKAGE, '../simulator/canaries/hooks.ts');
/** A round that fails tells its whole trace. */
const OUTPUT_BYTES_MAX = 256 * 1_024 * 1_024;

describe('chaos', () => {
  let directory: string;

  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'lockstep-canary-'));
  });

  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  /** Runs one round, with one rule of the protocol taken out of the code of every node. */
  function runWithout(rule: string): Promise<{ readonly exitCode: number | null; readonly text: string }> {
    const args = ['--conditions=@lockstep/source', '--import', HOOKS, 'src/main.ts', '--minutes', '0.1', '--seed', '1'];
    const env = { ...process.env, LOCKSTEP_CANARY: rule, TMPDIR: directory };
    return new Promise((resolve) => {
      const options = { cwd: PACKAGE, env, maxBuffer: OUTPUT_BYTES_MAX };
      const child = execFile(process.execPath, args, options, (_, stdout, stderr) => {
        resolve({ exitCode: child.exitCode, text: stdout + stderr });
      });
    });
  }

  test('fails when an expire of a scope does not take effect (P1, P2)', { timeout: 120_000 }, async () => {
    const { exitCode, text } = await runWithout('expires-of-scopes');
    expect(text).toMatch(/^seed 1: P[12]:/m);
    expect(text).toMatch(/^chaos: FAILED: .* [1-9]\d* violations$/m);
    expect(exitCode).toBe(1);
  });
});
