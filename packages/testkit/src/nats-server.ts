import { randomUUID } from 'node:crypto';
import { exchange } from './exchange.ts';
import type { BinaryQuery } from './find-binary.ts';
import { findBinary } from './find-binary.ts';
import type { RunningServer } from './running-server.ts';
import { startServer } from './running-server.ts';

/** The binary that {@link startNats} starts: the one that `NATS_SERVER` names, else this. */
export const NATS_BINARY: BinaryQuery = {
  variable: 'NATS_SERVER',
  names: ['nats-server'],
  install: 'nats-server (Debian: apt-get install nats-server)',
};

/** Options of {@link startNats}. */
export interface NatsOptions {
  /** More arguments, as on the command line: `['--user', 'a', '--pass', 'b']`. */
  readonly args?: readonly string[];
  /** A fixed port. Default: one the kernel offers. */
  readonly port?: number;
  /** Variables that its configuration names, beside those of this process. */
  readonly environment?: Readonly<Record<string, string>>;
}

/**
 * Starts a NATS server: the binary named by `NATS_SERVER`, else nats-server, if it is installed. Its URL is
 * `nats://127.0.0.1:<port>`.
 */
export async function startNats(options: NatsOptions = {}): Promise<RunningServer> {
  const binary = findBinary(NATS_BINARY);
  const serverName = `lockstep-test-${randomUUID()}`;
  return startServer({
    what: 'the NATS server',
    scheme: 'nats',
    binary,
    port: options.port,
    environment: options.environment,
    arguments: (port) => [
      ...['--addr', '127.0.0.1', '--port', String(port), '--name', serverName],
      ...(options.args ?? []),
    ],
    answers: async (port) => {
      // A NATS server speaks first: INFO, with its name.
      const info = await exchange({ port, send: '', isComplete: (text) => text.includes('\r\n'), timeoutMs: 1_000 });
      return info?.includes(`"server_name":"${serverName}"`) ?? false;
    },
  });
}
