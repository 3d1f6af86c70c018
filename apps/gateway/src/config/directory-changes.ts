import type { GatewayDirectory } from '@lockstep/config';
import type { ServerRef } from '@lockstep/gateway-cache';
import { refOf } from '../discovery.ts';
import { configName, grantName } from './directory-names.ts';

/** What the caches hold of one directory that another one does not have any more, by the names in the caches. */
export interface DirectoryChanges {
  /** Keys that are gone, or open another gateway, or may do other things. */
  readonly revokedGrants: readonly string[];
  readonly newGrants: readonly string[];
  /** Configurations of gateways that are gone or changed. */
  readonly goneConfigs: readonly string[];
  /** Servers that are gone, are reached in another way, or are not discovered any more. */
  readonly goneConnections: readonly ServerRef[];
  /** Gateways that are gone. */
  readonly goneGateways: readonly string[];
}

/** Compares two directories by gateway, by server and by key. */
export function compareDirectories(from: GatewayDirectory, to: GatewayDirectory): DirectoryChanges {
  const [grantsBefore, grantsNow] = [grantsOf(from), grantsOf(to)];
  const [configsBefore, configsNow] = [configsOf(from), configsOf(to)];
  const [connectionsBefore, connectionsNow] = [connectionsOf(from), connectionsOf(to)];
  const gatewaysNow = new Set(to.gateways.map(({ id }) => id));
  return {
    revokedGrants: [...grantsBefore].filter((grant) => !grantsNow.has(grant)),
    newGrants: [...grantsNow].filter((grant) => !grantsBefore.has(grant)),
    goneConfigs: [...configsBefore].filter((config) => !configsNow.has(config)),
    goneConnections: [...connectionsBefore].flatMap(([name, server]) => (connectionsNow.has(name) ? [] : [server])),
    goneGateways: from.gateways.flatMap(({ id }) => (gatewaysNow.has(id) ? [] : [id])),
  };
}

/** How much there is to do. */
export function countChanges(changes: DirectoryChanges): number {
  return Object.values(changes).reduce((sum: number, list: readonly unknown[]) => sum + list.length, 0);
}

function grantsOf({ keys }: GatewayDirectory): ReadonlySet<string> {
  return new Set(keys.map(grantName));
}

function configsOf({ gateways }: GatewayDirectory): ReadonlySet<string> {
  return new Set(gateways.map(configName));
}

/** The servers that are discovered, each once, though several gateways have it. */
function connectionsOf(directory: GatewayDirectory): ReadonlyMap<string, ServerRef> {
  const connections = new Map<string, ServerRef>();
  for (const gateway of directory.gateways) {
    for (const server of gateway.servers) {
      if (server.tools !== undefined) continue;
      const ref = refOf(gateway, server);
      const name = JSON.stringify([ref.configId, ref.serverName, ref.fingerprint, ref.believesPublic]);
      if (!connections.has(name)) connections.set(name, ref);
    }
  }
  return connections;
}
