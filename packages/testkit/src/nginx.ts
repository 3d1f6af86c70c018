import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Balancer } from './balancer.ts';
import { exchange } from './exchange.ts';
import type { BinaryQuery } from './find-binary.ts';
import { findBinary } from './find-binary.ts';
import { startServer } from './running-server.ts';
import { waitFor } from './wait-for.ts';

/** The one that `NGINX` names, else this. */
const NGINX_BINARY: BinaryQuery = {
  variable: 'NGINX',
  names: ['nginx'],
  install: 'nginx (Debian: apt-get install nginx)',
};

/** Says which configuration a worker goes by, and its pid. */
const WORKER_PATH = '/worker-of-the-proxy';

/** Starts nginx before no server yet. It finds out nothing by itself: who runs it says which servers there are. */
export async function startNginx(): Promise<Balancer> {
  const ports = new Set<number>();
  let [generation, write] = [0, (): void => undefined];
  const server = await startServer({
    what: 'the reverse proxy',
    scheme: 'http',
    binary: findBinary(NGINX_BINARY),
    port: undefined,
    arguments: (port, directory) => {
      write = () => writeFileSync(join(directory, 'nginx.conf'), configuration(port, [...ports], generation));
      write();
      return ['-p', directory, '-c', 'nginx.conf', '-e', 'stderr'];
    },
    answers: async (port) => (await workerOf(port))?.generation === generation,
  });
  const reload = async (): Promise<void> => {
    const before = await workerOf(server.port);
    generation++;
    write();
    process.kill(server.pid, 'SIGHUP');
    await waitFor(() => server.logs().includes(`${before?.pid}#${before?.pid}: gracefully shutting down`), {
      what: 'the worker of before to take no more requests',
    });
    await waitFor(async () => (await workerOf(server.port))?.generation === generation, { what: 'the next worker' });
  };
  return Object.assign(server, {
    serving: async () => [...ports],
    add: async (port: number) => {
      ports.add(port);
      await reload();
    },
    remove: async (port: number) => {
      ports.delete(port);
      await reload();
    },
  });
}

/** The worker that answers on this port; undefined: none does. */
async function workerOf(port: number): Promise<{ readonly generation: number; readonly pid: number } | undefined> {
  const answer = await exchange({
    port,
    send: `GET ${WORKER_PATH} HTTP/1.0\r\n\r\n`,
    isComplete: (text) => text.endsWith('.'),
    timeoutMs: 1_000,
  });
  const [, generation, pid] = /\r\n\r\n(\d+) (\d+)\.$/.exec(answer ?? '') ?? [];
  return pid === undefined ? undefined : { generation: Number(generation), pid: Number(pid) };
}

function configuration(port: number, ports: readonly number[], generation: number): string {
  const servers = ports.map((each) => `server 127.0.0.1:${each} max_fails=0;`).join(' ');
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((kind) => `${kind}_temp_path ${kind};`);
  // Connections of clients are not kept: a worker that is replaced closes them, whether or not a request is on its way.
  return `
daemon off;
worker_processes 1;
pid nginx.pid;
error_log stderr notice;
events { worker_connections 1024; }
http {
  access_log off;
  ${temporary.join(' ')}
  ${servers && `upstream nodes { ${servers} keepalive 16; }`}
  server {
    listen 127.0.0.1:${port};
    keepalive_timeout 0;
    location = ${WORKER_PATH} { return 200 "${generation} $pid."; }
    location / {
      ${servers ? 'proxy_pass http://nodes;' : 'return 503;'}
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_next_upstream off;
      proxy_buffering off;
      client_body_buffer_size 1m;
      proxy_read_timeout 60s;
    }
  }
}
`;
}
