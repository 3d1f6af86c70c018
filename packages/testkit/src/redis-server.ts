import type { ExchangeTls } from './exchange.ts';
import { exchange } from './exchange.ts';
import type { BinaryQuery } from './find-binary.ts';
import { findBinary } from './find-binary.ts';
import type { RunningServer } from './running-server.ts';
import { startServer } from './running-server.ts';

/** The binary that {@link startRedis} starts: the one that `KEYDB_SERVER` names, else the first of these. */
export const REDIS_BINARY: BinaryQuery = {
  variable: 'KEYDB_SERVER',
  names: ['keydb-server', 'valkey-server', 'redis-server'],
  install: 'KeyDB, Valkey or Redis (Debian: apt-get install redis-server)',
};

/** Options of {@link startRedis}. */
export interface RedisOptions {
  /** More arguments, as on the command line: `['--maxmemory', '2mb']`. They win over the defaults. */
  readonly args?: readonly string[];
  /** Keeps every write over a restart, in an append-only file. Default: false, nothing is kept. */
  readonly persistent?: boolean;
  /** A fixed port. Default: one the kernel offers. */
  readonly port?: number;
  /** The path of a configuration file, in place of all of these settings but the port. */
  readonly config?: string;
  /** It speaks TLS alone; these files are for the question whether it is up. */
  readonly tls?: ExchangeTls;
}

/**
 * Starts a server that speaks the Redis protocol: the binary named by `KEYDB_SERVER`, else the first of keydb-server,
 * valkey-server and redis-server that is installed. Its URL is `redis://127.0.0.1:<port>`.
 */
export async function startRedis(options: RedisOptions = {}): Promise<RunningServer> {
  const binary = findBinary(REDIS_BINARY);
  return startServer({
    what: 'the Redis-protocol server',
    scheme: 'redis',
    binary,
    port: options.port,
    arguments: (port, directory) => {
      const at = [options.tls === undefined ? '--port' : '--tls-port', String(port), '--bind', '127.0.0.1'];
      if (options.config !== undefined) return [options.config, ...at, ...(options.args ?? [])];
      return [
        ...at,
        ...['--protected-mode', 'no', '--daemonize', 'no'],
        ...['--dir', directory, '--save', ''],
        ...(options.persistent === true ? ['--appendonly', 'yes', '--appendfsync', 'always'] : ['--appendonly', 'no']),
        ...(options.args ?? []),
      ];
    },
    answers: async (port, pid) => {
      // INFO names the process, and says whether it still loads its data: PING is answered then by some servers.
      const reply = await exchange({
        port,
        send: 'INFO server\r\nINFO persistence\r\nPING\r\n',
        isComplete: (text) => /(^|\r\n)(\+PONG|-[A-Z]+ .*)\r\n$/.test(text),
        timeoutMs: 1_000,
        tls: options.tls,
      });
      // A server that asks for a password is up.
      const isOpen = [`\r\nprocess_id:${pid}\r\n`, '\r\nloading:0\r\n', '+PONG\r\n'].every((part) =>
        reply?.includes(part),
      );
      return isOpen || reply?.startsWith('-NOAUTH') === true;
    },
  });
}
