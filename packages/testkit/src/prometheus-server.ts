import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { BinaryQuery } from './find-binary.ts';
import { findBinary } from './find-binary.ts';
import type { RunningServer } from './running-server.ts';
import { startServer } from './running-server.ts';

/** The binary that {@link startPrometheus} starts: the one that `PROMETHEUS` names, else this. */
export const PROMETHEUS_BINARY: BinaryQuery = {
  variable: 'PROMETHEUS',
  names: ['prometheus'],
  install: 'Prometheus (Debian: apt-get install prometheus)',
};

const CONFIG = 'prometheus.yml';

/** Starts Prometheus with this configuration, YAML or JSON; paths in it are absolute. Its URL is `http://127.0.0.1:<port>`. */
export async function startPrometheus(config: string): Promise<RunningServer> {
  const binary = findBinary(PROMETHEUS_BINARY);
  let ownFolder = '';
  return startServer({
    what: 'Prometheus',
    scheme: 'http',
    binary,
    port: undefined,
    arguments: (port, directory) => {
      ownFolder = directory;
      writeFileSync(join(directory, CONFIG), config);
      return [
        ...[`--config.file=${CONFIG}`, `--web.listen-address=127.0.0.1:${port}`],
        ...[`--storage.tsdb.path=${directory}`, '--log.level=warn'],
      ];
    },
    answers: async (port) => {
      const ask = (path: string) => fetch(`http://127.0.0.1:${port}${path}`, { signal: AbortSignal.timeout(1_000) });
      if (!(await ask('/-/ready').catch(() => undefined))?.ok) return false;
      // Another one may have taken the port: the flags name the folder that is this one's alone.
      return (await (await ask('/api/v1/status/flags')).text()).includes(ownFolder);
    },
  });
}
