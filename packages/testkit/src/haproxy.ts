import { writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { join } from 'node:path';
import type { Balancer } from './balancer.ts';
import type { BinaryQuery } from './find-binary.ts';
import { findBinary } from './find-binary.ts';
import { startServer } from './running-server.ts';
import { waitFor } from './wait-for.ts';

/** The one that `HAPROXY` names, else this. */
const HAPROXY_BINARY: BinaryQuery = {
  variable: 'HAPROXY',
  names: ['haproxy'],
  install: 'HAProxy (Debian: apt-get install haproxy)',
};

/** How many servers it may have at once. */
const SLOTS = 8;
const COMMAND_TIMEOUT_MS = 2_000;

/** Options of {@link startHaproxy}. */
export interface HaproxyOptions {
  /** The path that answers 200 where a server is to be sent requests. */
  readonly checkPath: string;
  /** How often it is asked; the second answer in a row that is another one takes the server out. */
  readonly checkEveryMs: number;
}

/**
 * Starts HAProxy before no server yet. It passes connections on, as a Kubernetes Service does; is told of servers at run
 * time, and finds out by itself how they are.
 */
export async function startHaproxy(options: HaproxyOptions): Promise<Balancer> {
  let socket = '';
  const server = await startServer({
    what: 'the reverse proxy',
    scheme: 'http',
    binary: findBinary(HAPROXY_BINARY),
    port: undefined,
    arguments: (port, directory) => {
      const file = join(directory, 'haproxy.cfg');
      socket = join(directory, 'control');
      writeFileSync(file, configuration(port, socket, options));
      return ['-db', '-f', file];
    },
    answers: async (_, pid) => (await ask(socket, 'show info')).includes(`\nPid: ${pid}\n`),
  });
  const slots = new Map<string, number>();
  const tell = async (command: string): Promise<void> => {
    const answer = (await ask(socket, command)).trim();
    if (answer !== '' && !/^(no need to change|IP changed|nothing changed|port changed)/.test(answer)) {
      throw new Error(`the reverse proxy answers ${command}: ${answer}`);
    }
  };
  const serving = async (): Promise<readonly number[]> => {
    const rows = (await ask(socket, 'show stat nodes 4 -1')).split('\n').map((line) => line.split(','));
    const column = rows[0]?.indexOf('status') ?? -1;
    const up = rows.filter((row) => row[column]?.startsWith('UP')).map(([, name = '']) => slots.get(name));
    return up.filter((port) => port !== undefined);
  };
  return Object.assign(server, {
    serving,
    add: async (port: number) => {
      const names = Array.from({ length: SLOTS }, (_, index) => `node${index + 1}`);
      const slot = names.find((name) => !slots.has(name));
      if (slot === undefined) throw new Error(`the reverse proxy takes ${SLOTS} servers`);
      await tell(`set server nodes/${slot} addr 127.0.0.1 port ${port}`);
      await tell(`set server nodes/${slot} state ready`);
      await tell(`enable health nodes/${slot}`);
      slots.set(slot, port);
      await waitFor(async () => (await serving()).includes(port), { what: `requests to be sent to port ${port}` });
    },
    remove: async (port: number) => {
      const slot = [...slots].find(([, taken]) => taken === port)?.[0];
      if (slot === undefined) throw new Error(`the reverse proxy has no server on port ${port}`);
      await tell(`set server nodes/${slot} state maint`);
      slots.delete(slot);
    },
  });
}

function configuration(port: number, socket: string, { checkPath, checkEveryMs }: HaproxyOptions): string {
  return `
global
  stats socket ${socket} mode 600 level admin
  log stderr format raw local0
defaults
  mode tcp
  log global
  option tcplog
  retries 0
  timeout connect 2s
  timeout client 60s
  timeout server 60s
  timeout check 2s
frontend clients
  bind 127.0.0.1:${port}
  default_backend nodes
backend nodes
  balance roundrobin
  option httpchk GET ${checkPath}
  server-template node 1-${SLOTS} 127.0.0.1:1 check inter ${checkEveryMs}ms fall 2 rise 1 disabled
`;
}

/** One command over the control socket; empty where nobody answers. */
function ask(path: string, command: string): Promise<string> {
  return new Promise((resolve) => {
    let received = '';
    const socket = connect({ path });
    socket.setTimeout(COMMAND_TIMEOUT_MS, () => socket.destroy());
    socket.on('connect', () => socket.write(`${command}\n`));
    socket.on('data', (chunk) => {
      received += chunk.toString();
    });
    socket.on('error', () => undefined);
    socket.on('close', () => resolve(received));
  });
}
