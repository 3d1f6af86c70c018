import { expect, it } from 'vitest';
import { dockerServers } from './docker-servers.ts';
import { standInDocker } from './stand-in-docker.ts';

const docker = standInDocker();

/** What docker was called with, without the names of this run. */
function calls(): string[] {
  return docker.lines('calls').map((call) => call.replace(/--project-name \S+ --file \S+\/compose.yaml /, '… '));
}

function start(...needs: readonly ('tier' | 'bus')[]) {
  const { signal } = new AbortController();
  return dockerServers(needs, {
    root: '/nowhere',
    closing: docker.closing,
    signal,
    say: (line) => docker.said.push(line),
  });
}

it('where an engine answers, the servers of the compose file are started, can be lost and given back, and are removed', async () => {
  docker.answers('exit 0');
  const found = await start('tier', 'bus');
  if ('why' in found) throw new Error(found.why);
  expect(found.servers.tier?.url).toMatch(/^redis:\/\/127\.0\.0\.1:\d+$/);
  expect(found.servers.bus?.url).toMatch(/^nats:\/\/127\.0\.0\.1:\d+$/);
  await found.servers.bus?.fault?.kill();
  await found.servers.bus?.fault?.restart();
  expect(await docker.closing.run()).toEqual([]);
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
  docker.answers('case "$*" in *" up "*) echo "no such image" >&2; exit 1 ;; esac');
  expect(await start('bus')).toEqual({ why: 'Docker could not start nats: no such image' });
  expect(docker.said).toContain('Docker could not start nats: no such image');
  expect(calls().at(-1)).toBe('compose … down --volumes --timeout 5');
});

it.each([
  ['no engine answers', 'exit 1', 'no Docker engine answers'],
  ['compose is not there', 'if [ "$1" = compose ]; then exit 1; fi', 'Docker has no compose plugin'],
])('where %s, nothing is started', async (_, script, why) => {
  docker.answers(script);
  expect(await start('tier')).toEqual({ why });
  expect(calls().filter((call) => call.includes('…'))).toEqual([]);
});
