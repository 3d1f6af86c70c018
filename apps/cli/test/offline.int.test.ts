import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from './command.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'lockstep-config-'));
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function fileOf(content: object): string {
  const file = join(directory, 'gateway.json');
  writeFileSync(file, JSON.stringify(content));
  return file;
}

describe('a configuration', () => {
  const good = { lockstep: { tierUrl: 'redis://:a-password@tier:6379', secret: 'a-secret-of-32-characters-or-more' } };

  it('that can be used is told so, with its notes beside it, whatever variables this command has', async () => {
    const environment = { LOCKSTEP_ADMIN_TOKEN: 'a-token', LOCKSTEP_ADMIN_URL: 'http://127.0.0.1:8001' };
    expect(await runCommand(['config', 'check', fileOf(good)], environment)).toEqual({
      code: 0,
      stdout: 'usable: cluster lockstep, 0 gateways, 0 keys\n',
      stderr: 'note: apikeys is empty: every request is refused\n',
    });
  });

  it('that cannot is 2, with every problem', async () => {
    const file = fileOf({ lockstep: { port: -1, logLevel: 'loud' } });
    const { code, stdout } = await runCommand(['config', 'check', file], {});
    expect([code, stdout]).toEqual([
      2,
      expect.stringMatching(/2 problems\.\n {2}lockstep\.port\n.*lockstep\.logLevel/s),
    ]);
    const document = await runCommand(['config', 'check', file, '--json'], {});
    expect([document.code, JSON.parse(document.stdout)]).toMatchObject([
      2,
      { usable: false, problems: [{ path: 'lockstep.port' }, { path: 'lockstep.logLevel' }], notes: [] },
    ]);
    expect((await runCommand(['config', 'show', file], {})).code).toBe(2);
  });

  it('is shown complete, and without a secret', async () => {
    const { code, stdout } = await runCommand(['config', 'show', fileOf(good)], {});
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { cluster: { tierUrl: 'redis://(secret)@tier:6379' } }]);
    expect(stdout).not.toMatch(/a-password|a-secret-of/);
  });
});

describe('completion', () => {
  const complete = async (...words: string[]): Promise<string[]> => {
    const { stdout } = await runCommand(['complete', '--', ...words], {});
    return stdout.split('\n').map((line) => line.split('\t')[0] as string);
  };

  it('offers commands, words, options and their values', async () => {
    expect(await complete('')).toEqual(expect.arrayContaining(['status', 'cache', 'doctor', 'completion']));
    expect(await complete('cache', '')).toEqual(expect.arrayContaining(['status', 'clear']));
    expect(await complete('cache', 'clear', 'gateway_')).toContain('gateway_config');
    expect(await complete('cache', 'clear', '--dr')).toContain('--dry-run');
    expect(await complete('cache', 'clear', '--wait', 'f')).toContain('fenced');
  });

  it.each(['bash', 'zsh', 'fish'])('has a script for %s', async (shell) => {
    const { code, stdout, stderr } = await runCommand(['completion', shell], {});
    expect([code, stderr, stdout]).toEqual([0, '', expect.stringContaining('lockstep complete --')]);
  });

  it('has a script that bash takes', async () => {
    const { stdout } = await runCommand(['completion', 'bash'], {});
    execFileSync('bash', ['-n'], { input: stdout });
  });

  it('of another shell is 2', async () => {
    expect((await runCommand(['completion', 'tcsh'], {})).code).toBe(2);
  });
});
