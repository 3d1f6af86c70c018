import { access, constants } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import type { RunningServer } from '@lockstep/testkit';
import { findBinary, NATS_BINARY, REDIS_BINARY, startNats, startRedis } from '@lockstep/testkit';
import { output } from './output.ts';
import type { Found, Need, Server, SourceContext } from './server.ts';

const BINARIES = { tier: REDIS_BINARY, bus: NATS_BINARY } as const;
const PACKAGES = { tier: 'redis-server', bus: 'nats-server' } as const;

/** Starts binaries of this machine, on free loopback ports; they keep nothing. */
export async function localServers(needs: readonly Need[], { closing, signal }: SourceContext): Promise<Found> {
  const missing = needs.filter((need) => binaryOf(need) === undefined);
  if (missing.length > 0) {
    return { why: missing.map((need) => `there is no ${BINARIES[need].names.join(' or ')} on the PATH`).join(', ') };
  }
  const servers: Partial<Record<Need, Server>> = {};
  for (const need of needs) {
    signal.throwIfAborted();
    const server = await (need === 'tier' ? startRedis() : startNats());
    closing.add(`stop the ${need}`, () => server.stop());
    servers[need] = { url: server.url, fault: faultOf(server), process: processOf(server) };
  }
  const names = needs.map((need) => `${binaryOf(need)}`);
  return { servers, from: `${names.join(' and ')}, started here` };
}

/** Installs Debian's packages of the servers, without their services, where that needs nobody's password. */
export async function debianServers(needs: readonly Need[], context: SourceContext): Promise<Found> {
  const { root, say, signal } = context;
  const packages = needs.filter((need) => binaryOf(need) === undefined).map((need) => PACKAGES[need]);
  if (!(await isOnPath('apt-get'))) return { why: 'this is no Debian, so there are no packages to install' };
  const isRoot = process.getuid?.() === 0;
  if (!isRoot && (await output('sudo', ['-n', 'true'], { signal, timeoutMs: 5_000 })).code !== 0) {
    return { why: `installing ${packages.join(' and ')} needs root, or sudo without a password` };
  }
  say(`installing ${packages.join(' and ')}`);
  const { code, text } = await output(join(root, 'scripts/lib/install-servers'), packages, {
    signal,
    timeoutMs: 300_000,
  });
  signal.throwIfAborted();
  if (code !== 0)
    return { why: `apt-get could not install ${packages.join(' and ')}: ${text.trim().split('\n').at(-1)}` };
  return localServers(needs, context);
}

function binaryOf(need: Need): string | undefined {
  try {
    return findBinary(BINARIES[need]);
  } catch (error) {
    // A path in the environment that leads nowhere is a mistake to be told, not a server to look for elsewhere.
    if (process.env[BINARIES[need].variable]) throw error;
    return undefined;
  }
}

async function isOnPath(name: string): Promise<boolean> {
  const looks = (process.env['PATH'] ?? '')
    .split(delimiter)
    .map((folder) => access(join(folder, name), constants.X_OK));
  return (await Promise.allSettled(looks)).some(({ status }) => status === 'fulfilled');
}

function faultOf(server: RunningServer): NonNullable<Server['fault']> {
  return { kill: () => server.kill(), restart: () => server.restart() };
}

function processOf(server: RunningServer): NonNullable<Server['process']> {
  return {
    log: () => server.logs(),
    isRunning() {
      try {
        return process.kill(server.pid, 0);
      } catch {
        return false;
      }
    },
  };
}
