import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import type { Row } from './figures.ts';
import type { Scale } from './item.ts';
import { startServers } from './servers.ts';

/** What tracing adds to a near hit, in a process of its own: an SDK that is registered stays so. */
export async function tracing({ small }: Scale): Promise<readonly Row[]> {
  await using servers = await startServers();
  const { redisUrl, natsUrl } = servers;
  const args = ['--conditions=@lockstep/source', PROCESS, String(small), redisUrl, natsUrl];
  const { stdout } = await promisify(execFile)(process.execPath, args);
  return JSON.parse(stdout) as Row[];
}

const PROCESS = new URL('./tracing-process.ts', import.meta.url).pathname;
