import { mkdtempSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { isGroupAlive } from './group-life.ts';
import { Guard } from './guard.ts';
import { ProcessGroup } from './process-group.ts';
import { until } from './waiting.ts';

let folder: string;
let guard: Guard;
let group: ProcessGroup | undefined;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-group-'));
  guard = new Guard(folder);
});

afterEach(async () => {
  await group?.stop(0);
  guard.dismiss();
  await rm(folder, { recursive: true, force: true });
});

/** Runs a shell script in a group of its own, until it has said `ready`. */
async function run(script: string): Promise<ProcessGroup> {
  const program = { command: '/bin/sh', args: ['-c', script], folder, environment: process.env };
  const started = ProcessGroup.start(program, guard);
  group = started;
  const ready = (): true | undefined => (started.log.includes('ready') ? true : undefined);
  await until(ready, { what: 'the script', timeoutMs: 4_000, signal: new AbortController().signal });
  return started;
}

it('a program that ends on SIGTERM is told by its code, and leaves nobody', async () => {
  const started = await run('trap "exit 7" TERM; echo ready; while :; do sleep 0.05; done');
  expect(await started.stop(4_000)).toMatchObject({ code: 7, signal: null, killed: false, orphans: false });
  expect(await isGroupAlive(started.pid)).toBe(false);
});

it('a program that takes no notice of SIGTERM is killed, with all that it started', async () => {
  const started = await run('trap "" TERM; sleep 60 & echo ready; wait');
  expect(await started.stop(50)).toMatchObject({ signal: 'SIGKILL', killed: true });
  expect(await isGroupAlive(started.pid)).toBe(false);
});

it('processes that outlive the program they belong to are told, and killed', async () => {
  const started = await run('sleep 60 & trap "exit 0" TERM; echo ready; wait');
  expect(await started.stop(4_000)).toMatchObject({ code: 0, killed: false, orphans: true });
  expect(await isGroupAlive(started.pid)).toBe(false);
});

it('a program that cannot be started has ended, and its log says why', async () => {
  const program = { command: join(folder, 'nothing-here'), args: [], folder, environment: process.env };
  const started = ProcessGroup.start(program, guard);
  expect(await started.ended).toEqual({ code: null, signal: null });
  expect(started.lastLines(3)).toContain('ENOENT');
  expect(await started.stop(1_000)).toMatchObject({ killed: false, orphans: false });
});
