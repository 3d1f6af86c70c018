import { execFileSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { freePort } from './free-port.ts';
import { startNats } from './nats-server.ts';
import { startRedis } from './redis-server.ts';
import type { RunningServer } from './running-server.ts';

const INFRA = fileURLToPath(new URL('../../../infra/', import.meta.url));

/** A tier and a bus with TLS and users, run from the files of `infra`; `stop` ends and removes them. */
export interface SecuredServers {
  readonly tier: RunningServer;
  readonly bus: RunningServer;
  /** What `infra/tls/prepare` has written: `ca.crt`, `ca.key`, and the folders `tier`, `bus` and `node`. */
  readonly directory: string;
  /** The environment of a node of the cluster. */
  readonly environment: Readonly<Record<string, string>>;
  /** Passwords by user: `admin`, `monitor` and `replica` of the tier, `NATS_MONITOR_PASSWORD` of the bus. */
  readonly passwords: Readonly<Record<string, string>>;
  /** Where the bus tells its numbers, on this machine. */
  readonly busMonitorUrl: string;
  stop(): Promise<void>;
}

/** Makes certificates and passwords for a cluster and starts both servers; their certificates are for `localhost`. */
export async function startSecuredServers(cluster: string): Promise<SecuredServers> {
  const root = mkdtempSync(join(tmpdir(), 'lockstep-secured-'));
  const directory = join(root, 'made');
  execFileSync(join(INFRA, 'tls/prepare'), [directory, cluster, 'localhost', '127.0.0.1'], { stdio: 'ignore' });
  const passwords = {
    ...settingsIn(join(directory, 'tier/passwords'), ' '),
    ...settingsIn(join(directory, 'bus/environment'), '='),
  };
  const monitorPort = await freePort();
  const [tier, bus] = await Promise.all([
    startRedis({ config: tierConfig(root), tls: { caFile: join(directory, 'ca.crt'), ...ownFiles(directory) } }),
    startNats({ args: ['--config', busConfig(root, monitorPort)], environment: passwords }),
  ]);
  const environment = Object.fromEntries(
    Object.entries(settingsIn(join(directory, 'node/environment'), '=')).map(([name, value]) => [
      name,
      value.replace(':6379', `:${tier.port}`).replace(':4222', `:${bus.port}`),
    ]),
  );
  const stop = async (): Promise<void> => {
    await Promise.all([tier.stop(), bus.stop()]);
    rmSync(root, { recursive: true, force: true });
  };
  return { tier, bus, directory, environment, passwords, busMonitorUrl: `http://127.0.0.1:${monitorPort}`, stop };
}

function ownFiles(directory: string): { readonly certFile: string; readonly keyFile: string } {
  return { certFile: join(directory, 'node/tls.crt'), keyFile: join(directory, 'node/tls.key') };
}

/** The files as they are, with the folders of a container taken to be folders of this run. */
function tierConfig(root: string): string {
  const [etc, data] = [join(root, 'keydb'), join(root, 'data')];
  for (const folder of [etc, data]) mkdirSync(folder);
  const tls = join(root, 'made/tier/');
  for (const name of ['keydb.conf', 'keydb-tls.conf']) {
    const text = readFileSync(join(INFRA, 'keydb', name), 'utf8');
    writeFileSync(
      join(etc, name),
      text.replaceAll('/etc/keydb/tls/', tls).replaceAll('/etc/keydb/', `${etc}/`).replaceAll('/data', data),
    );
  }
  return join(etc, 'keydb-tls.conf');
}

/** The same; the port of the numbers is one that is free. */
function busConfig(root: string, monitorPort: number): string {
  const etc = join(root, 'nats');
  mkdirSync(etc);
  const tls = join(root, 'made/bus/');
  for (const name of ['nats.conf', 'nats-tls.conf']) {
    const text = readFileSync(join(INFRA, 'nats', name), 'utf8');
    writeFileSync(join(etc, name), text.replaceAll('/etc/nats/tls/', tls).replaceAll('8222', String(monitorPort)));
  }
  return join(etc, 'nats-tls.conf');
}

function settingsIn(file: string, between: string): Record<string, string> {
  const lines = readFileSync(file, 'utf8').trim().split('\n');
  return Object.fromEntries(
    lines.map((line) => [line.slice(0, line.indexOf(between)), line.slice(line.indexOf(between) + 1)]),
  );
}
