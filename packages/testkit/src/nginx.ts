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

/** Says which configuration a worker goes by. */
const GENERATION_PATH = '/generation-of-the-proxy';

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
    answers: (port) => goesBy(port, generation),
  });
  const reload = async (): Promise<void> => {
    generation++;
    write();
    process.kill(server.pid, 'SIGHUP');
    await waitFor(() => goesBy(server.port, generation), { what: 'the reverse proxy to read its configuration' });
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

/** Whether the proxy on this port goes by that configuration. */
async function goesBy(port: number, generation: number): Promise<boolean> {
  const answer = await exchange({
    port,
    send: `GET ${GENERATION_PATH} HTTP/1.0\r\n\r\n`,
    isComplete: (text) => text.endsWith('.'),
    timeoutMs: 1_000,
  });
  return answer?.endsWith(`\r\n\r\n${generation}.`) ?? false;
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
    location = ${GENERATION_PATH} { return 200 "${generation}."; }
    location / {
      ${servers ? 'proxy_pass http://nodes;' : 'return 503;'}
      proxy_http_version 1.1;
      proxy_set_header Connection "";
      proxy_next_upstream off;
      proxy_buffering off;
      proxy_read_timeout 60s;
    }
  }
}
`;
}
