import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeCluster } from '@lockstep/tier-keydb';
import { buildGateway } from './build.ts';
import type { DemoCluster } from './gateway-config.ts';
import { writeDemoConfig } from './gateway-config.ts';
import { GatewayNode, STOP_TIMEOUT_MS } from './gateway-node.ts';
import { Guard } from './guard.ts';
import type { Observability } from './observability.ts';
import { startObservability } from './observability.ts';
import type { UpOptions } from './options.ts';
import type { ProcessGroup } from './process-group.ts';
import type { SourceContext } from './server.ts';
import type { Servers } from './servers.ts';
import { findServers } from './servers.ts';

const NODES = 3;

/** Gateway nodes that run, and what they run on. */
export interface Cluster {
  readonly nodes: readonly GatewayNode[];
  /** Absent in local mode, where there is one node. */
  readonly servers: Servers | undefined;
  readonly gatewayKey: string;
  readonly adminToken: string;
  /** Absent where no Docker engine answers, in local mode, and for a tour. */
  readonly observability: Observability | undefined;
  /** Holds every file of the run, temporary ones included; it goes when the run ends. */
  readonly folder: string;
  /** Ends what it watches when this process dies without doing so itself. */
  readonly guard: Guard;
}

/** Starts everything and waits until each node is ready; what it starts is in `closing` from its first moment. */
export async function startCluster(options: UpOptions, context: SourceContext): Promise<Cluster> {
  const { root, closing, signal, say } = context;
  const folder = await mkdtemp(join(tmpdir(), 'lockstep-up-'));
  closing.add(`remove ${folder}`, () => rm(folder, { recursive: true, force: true, maxRetries: 3 }));
  // What the servers and the nodes put into a temporary folder goes there too, and so goes with it.
  process.env['TMPDIR'] = folder;
  const guard = new Guard(folder);
  closing.add('dismiss the guard', () => guard.dismiss());

  const servers = options.local ? undefined : await serversOrNone(options, context);
  const observability =
    options.check || servers === undefined ? undefined : await startObservability({ ...context, nodes: NODES, folder });
  say('building');
  await buildGateway(root, signal);
  const gatewayKey = randomBytes(24).toString('base64url');
  const adminToken = randomBytes(24).toString('base64url');
  const cluster = servers && clusterOn(servers);
  const configFile = await writeDemoConfig({ root, folder, gatewayKey, adminToken, ...(cluster && { cluster }) });
  if (cluster !== undefined && servers?.tier.fault === undefined) {
    const left = { url: cluster.tierUrl, cluster: cluster.name };
    closing.add('remove what this run has put into the given tier', () => removeCluster(left));
  }

  const names = servers === undefined ? ['node 1'] : Array.from({ length: NODES }, (_, index) => `node ${index + 1}`);
  say(`starting ${names.join(', ')}`);
  const groups: ProcessGroup[] = [];
  closing.add('stop the nodes', () => stopAll(groups));
  const starts = names.map(async (name, index) => {
    const environment = observability?.environments[index];
    const options = { name, root, folder, configFile, guard, signal, ...(environment && { environment }) };
    const node = await GatewayNode.start(options, (group) => groups.push(group));
    await node.untilSays('ready', signal);
    return node;
  });
  return { nodes: await Promise.all(starts), servers, gatewayKey, adminToken, observability, folder, guard };
}

async function serversOrNone(options: UpOptions, context: SourceContext): Promise<Servers | undefined> {
  const found = await findServers(options, context);
  if ('tier' in found) return found;
  const { say } = context;
  say(`no servers for a cluster: ${found.join('; ')}`);
  say('so this is one node in local mode. For the cluster, do one of these and start again:');
  say('  - start a Docker engine');
  say('  - put keydb-server (or valkey-server, or redis-server) and nats-server on the PATH');
  say('  - on Debian or Ubuntu: sudo apt-get install redis-server nats-server');
  say('  - give the URLs of servers that run: ./scripts/up --tier redis://host:6379 --bus nats://host:4222');
  return undefined;
}

/** A cluster of this run's own, also on servers that others use: its name is random, like its secret. */
function clusterOn({ tier, bus }: Servers): DemoCluster {
  const name = `up-${randomBytes(4).toString('hex')}`;
  const secret = randomBytes(32).toString('hex');
  return { name, secret, tierUrl: tier.url, ...(bus === undefined ? {} : { busUrl: bus.url }) };
}

async function stopAll(groups: readonly ProcessGroup[]): Promise<void> {
  const stopped = await Promise.all(groups.map((group) => group.stop(STOP_TIMEOUT_MS)));
  const killed = stopped.filter((how) => how.killed || how.orphans).length;
  if (killed > 0) throw new Error(`${killed} of ${groups.length} did not end in ${STOP_TIMEOUT_MS / 1000} s: killed`);
}
