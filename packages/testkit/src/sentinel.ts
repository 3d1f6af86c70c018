import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { exchange } from './exchange.ts';
import { findBinary } from './find-binary.ts';
import { REDIS_BINARY } from './redis-server.ts';
import type { RunningServer } from './running-server.ts';
import { startServer } from './running-server.ts';

/** Options of {@link startSentinel}. */
export interface SentinelOptions {
  /** What the sentinels call the primary that they watch. */
  readonly name: string;
  /** Where it is when they begin. */
  readonly primary: { readonly host: string; readonly port: number };
  /** How many sentinels have to agree that it is down. */
  readonly quorum: number;
  /** After this silence, in milliseconds, a sentinel takes it for down. */
  readonly downAfterMs: number;
}

/** Starts one sentinel: the Redis-protocol server's own binary, in its sentinel mode. It finds the others by itself. */
export async function startSentinel(options: SentinelOptions): Promise<RunningServer> {
  const { name, primary, quorum, downAfterMs } = options;
  return startServer({
    what: 'the sentinel',
    scheme: 'redis',
    binary: findBinary(REDIS_BINARY),
    port: undefined,
    arguments: (port, directory) => {
      // A sentinel writes what it learns into its configuration: a restarted one goes on from there.
      const file = join(directory, 'sentinel.conf');
      const lines = [
        `port ${port}`,
        'bind 127.0.0.1',
        'protected-mode no',
        `dir ${directory}`,
        `sentinel monitor ${name} ${primary.host} ${primary.port} ${quorum}`,
        `sentinel down-after-milliseconds ${name} ${downAfterMs}`,
        `sentinel failover-timeout ${name} 3000`,
      ];
      if (!existsSync(file)) writeFileSync(file, `${lines.join('\n')}\n`);
      return [file, '--sentinel'];
    },
    answers: async (port) => {
      const isComplete = (text: string): boolean => text.endsWith('\r\n');
      return (await exchange({ port, send: 'PING\r\n', isComplete, timeoutMs: 1_000 })) === '+PONG\r\n';
    },
  });
}
