import { freePort } from '@lockstep/testkit';
import { DockerProject } from './docker-project.ts';
import type { Found, Need, Server, SourceContext } from './server.ts';

const SERVICES = { tier: 'keydb', bus: 'nats' } as const;
const SCHEMES = { tier: 'redis', bus: 'nats' } as const;
/** The tag of KeyDB's image names an architecture; compose.yaml has the other one. */
const ARM_IMAGE = process.arch === 'arm64' && !process.env['KEYDB_IMAGE'] ? 'eqalpha/keydb:arm64_v6.3.4' : undefined;

/** Starts the servers of infra/compose, where a Docker engine answers, in a project of their own. */
export async function dockerServers(needs: readonly Need[], context: SourceContext): Promise<Found> {
  const ports = { tier: await freePort(), bus: await freePort() };
  const environment = {
    LOCKSTEP_TIER_PORT: String(ports.tier),
    LOCKSTEP_BUS_PORT: String(ports.bus),
    ...(ARM_IMAGE && { KEYDB_IMAGE: ARM_IMAGE }),
  };
  const project = await DockerProject.open({ ...context, files: ['compose.yaml'], environment });
  if ('why' in project) return project;
  const why = await project.start(needs.map((need) => SERVICES[need]));
  if (why !== undefined) return { why };
  const serverOf = (need: Need): Server => ({
    url: `${SCHEMES[need]}://127.0.0.1:${ports[need]}`,
    fault: { kill: () => project.kill(SERVICES[need]), restart: () => project.startAgain(SERVICES[need]) },
  });
  const servers = Object.fromEntries(needs.map((need) => [need, serverOf(need)]));
  return { servers, from: `Docker, project ${project.name}` };
}
