import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { Closing } from './closing.ts';
import { dockerServers } from './docker-servers.ts';

let folder: string;
let closing: Closing;
const said: string[] = [];

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lockstep-docker-'));
  closing = new Closing();
  said.length = 0;
  vi.stubEnv('PATH', `${folder}${delimiter}${process.env['PATH']}`);
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(folder, { recursive: true, force: true });
});

/** Puts a `docker` on the PATH that records its arguments and ends as the script says. */
function fakeDocker(script: string): void {
  writeFileSync(join(folder, 'docker'), `#!/bin/sh\necho "$*" >>${folder}/calls\n${script}\n`, { mode: 0o755 });
}

/** What docker was called with, without the names of this run. */
function calls(): string[] {
  const text = readFileSync(join(folder, 'calls'), 'utf8').trim().split('\n');
  return text.map((call) => call.replace(/--project-name \S+ --file \S+\/compose.yaml /, '… '));
}

function start(...needs: readonly ('tier' | 'bus')[]) {
  const { signal } = new AbortController();
  return dockerServers(needs, { root: '/nowhere', closing, signal, say: (line) => said.push(line) });
}

it('where an engine answers, the servers of the compose file are started, can be lost and given back, and are removed', async () => {
  fakeDocker('exit 0');
  const found = await start('tier', 'bus');
  if ('why' in found) throw new Error(found.why);
  expect(found.servers.tier?.url).toMatch(/^redis:\/\/127\.0\.0\.1:\d+$/);
  expect(found.servers.bus?.url).toMatch(/^nats:\/\/127\.0\.0\.1:\d+$/);
  await found.servers.bus?.fault?.kill();
  await found.servers.bus?.fault?.restart();
  expect(await closing.run()).toEqual([]);
  expect(calls()).toEqual([
    'info --format {{.ServerVersion}}',
    'compose version',
    'compose … up --detach --wait --no-build keydb nats',
    'compose … kill nats',
    'compose … up --detach --wait --no-build --no-recreate nats',
    'compose … down --volumes --timeout 5',
  ]);
});

it('where they cannot be started, it says why, and leaves nothing', async () => {
  fakeDocker('case "$*" in *" up "*) echo "no such image" >&2; exit 1 ;; esac');
  expect(await start('bus')).toEqual({ why: 'Docker could not start nats: no such image' });
  expect(said).toContain('Docker could not start nats: no such image');
  expect(calls().at(-1)).toBe('compose … down --volumes --timeout 5');
});

it.each([
  ['no engine answers', 'exit 1', 'no Docker engine answers'],
  ['compose is not there', 'if [ "$1" = compose ]; then exit 1; fi', 'Docker has no compose plugin'],
])('where %s, nothing is started', async (_, script, why) => {
  fakeDocker(script);
  expect(await start('tier')).toEqual({ why });
  expect(calls().filter((call) => call.includes('…'))).toEqual([]);
});
