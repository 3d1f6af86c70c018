import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { isGroupAlive } from './group-life.ts';
import { until } from './waiting.ts';

const { signal } = new AbortController();

/** Starts two groups under a guard, says their numbers, and never ends by itself. */
const OWNER = `
import { spawn } from 'node:child_process';
import { Guard } from ${JSON.stringify(join(import.meta.dirname, 'guard.ts'))};
const guard = new Guard(process.argv[1]);
const pids = [1, 2].map(() => spawn('sleep', ['60'], { detached: true, stdio: 'ignore' }).pid);
for (const pid of pids) guard.watch(pid);
console.log(pids.join(' '));
setInterval(() => undefined, 1_000);
`;

it('when its owner is killed, the guard kills the groups and removes the folder', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'lockstep-guard-'));
  const owner = spawn(process.execPath, ['--input-type=module', '--eval', OWNER, folder]);
  const [line] = (await once(owner.stdout, 'data')) as [Buffer];
  const pids = String(line).trim().split(' ').map(Number);
  expect(await anyAlive(pids)).toBe(true);
  owner.kill('SIGKILL');
  const gone = async () => ((await anyAlive(pids)) || existsSync(folder) ? undefined : true);
  await until(gone, { what: 'the guard', timeoutMs: 4_000, signal });
});

async function anyAlive(groups: readonly number[]): Promise<boolean> {
  return (await Promise.all(groups.map(isGroupAlive))).includes(true);
}
