import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { freePort } from '@lockstep/testkit';
import type { Output } from './output.ts';
import { output } from './output.ts';
import type { Found, Need, Server, SourceContext } from './server.ts';

/** An engine that runs answers at once; one that is starting, or far away, is not waited for. */
const ASK_TIMEOUT_MS = 5_000;
/** Images may have to come over a slow line first. */
const UP_TIMEOUT_MS = 300_000;
const DOWN_TIMEOUT_MS = 30_000;

const SERVICES = { tier: 'keydb', bus: 'nats' } as const;
const SCHEMES = { tier: 'redis', bus: 'nats' } as const;

/** Starts the servers of infra/compose, where a Docker engine answers, in a project of their own. */
export async function dockerServers(needs: readonly Need[], context: SourceContext): Promise<Found> {
  const { root, closing, signal, say } = context;
  const ask = (...args: string[]) => output('docker', args, { signal, timeoutMs: ASK_TIMEOUT_MS });
  if ((await ask('info', '--format', '{{.ServerVersion}}')).code !== 0) return { why: 'no Docker engine answers' };
  if ((await ask('compose', 'version')).code !== 0) return { why: 'Docker has no compose plugin' };

  const project = `lockstep-up-${randomBytes(4).toString('hex')}`;
  const ports = { tier: await freePort(), bus: await freePort() };
  const environment = { LOCKSTEP_TIER_PORT: String(ports.tier), LOCKSTEP_BUS_PORT: String(ports.bus) };
  const files = ['--project-name', project, '--file', join(root, 'infra/compose/compose.yaml')];
  const compose = (args: readonly string[], timeoutMs: number): Promise<Output> =>
    output('docker', ['compose', ...files, ...args], { timeoutMs, environment });
  const up = ['up', '--detach', '--wait', '--no-build'];
  const services = needs.map((need) => SERVICES[need]);

  say(`starting ${services.join(' and ')} with Docker; the first time, their images have to be fetched`);
  const remove = async (): Promise<void> => {
    const { code, text } = await compose(['down', '--volumes', '--timeout', '5'], DOWN_TIMEOUT_MS);
    if (code !== 0) throw new Error(lastLine(text));
  };
  closing.add(`remove the Docker project ${project}`, remove, DOWN_TIMEOUT_MS + 1_000);
  const options = { timeoutMs: UP_TIMEOUT_MS, environment, signal };
  const started = await output('docker', ['compose', ...files, ...up, ...services], options);
  signal.throwIfAborted();
  if (started.code !== 0) {
    await remove().catch(() => undefined);
    const why = `Docker could not start ${services.join(' and ')}: ${lastLine(started.text)}`;
    say(why);
    return { why };
  }
  const serverOf = (need: Need): Server => ({
    url: `${SCHEMES[need]}://127.0.0.1:${ports[need]}`,
    fault: {
      kill: () => must(compose(['kill', SERVICES[need]], DOWN_TIMEOUT_MS)),
      restart: () => must(compose([...up, '--no-recreate', SERVICES[need]], DOWN_TIMEOUT_MS)),
    },
  });
  const servers = Object.fromEntries(needs.map((need) => [need, serverOf(need)]));
  return { servers, from: `Docker, project ${project}` };
}

async function must(running: Promise<Output>): Promise<void> {
  const { code, text } = await running;
  if (code !== 0) throw new Error(`docker compose: ${lastLine(text)}`);
}

function lastLine(text: string): string {
  return text.trim().split('\n').at(-1) ?? '';
}
