/** Runs a cluster of gateway nodes until it is told to stop, or for the length of a tour; see `scripts/up`. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { untilToldAtBoard } from './cluster/board.ts';
import { Closing } from './cluster/closing.ts';
import type { Cluster } from './cluster/cluster.ts';
import { startCluster } from './cluster/cluster.ts';
import { tourCluster } from './cluster/cluster-tour.ts';
import { tourLocal } from './cluster/local-tour.ts';
import type { UpOptions } from './cluster/options.ts';
import { parseOptions, USAGE } from './cluster/options.ts';
import { Tour } from './cluster/tour.ts';
import { elapsed, reasonOf } from './cluster/waiting.ts';
import { untilTold } from './cluster/watch.ts';
import { welcome } from './cluster/welcome.ts';

const EXIT_USAGE = 2;
/** As a shell has it: 128 and the number of the signal. */
const EXIT_CODES: Readonly<Record<string, number>> = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 };

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const stopping = new AbortController();
for (const signal of Object.keys(EXIT_CODES)) process.on(signal, () => stopping.abort(signal));
// The reader of our output may be gone before us; that is no reason to leave processes behind.
process.stdout.on('error', () => stopping.abort('SIGHUP'));
process.stderr.on('error', () => stopping.abort('SIGHUP'));

const options = parseOptions(process.argv.slice(2), process.env);
if (options === 'help') console.log(USAGE);
else if (Array.isArray(options)) {
  console.error(`${options.join('\n')}\n\n${USAGE}`);
  process.exitCode = EXIT_USAGE;
} else process.exitCode = await (options.check ? check(options) : stay(options));

/** Stays up until a signal comes, which is its proper end, or something of it dies. */
async function stay(wanted: UpOptions): Promise<number> {
  const closing = new Closing();
  let isUp = false;
  let code = 0;
  try {
    const cluster = await start(wanted, closing);
    await welcome(cluster);
    isUp = true;
    const { signal } = stopping;
    await (wanted.board && process.stdout.isTTY
      ? untilToldAtBoard(cluster, { root, signal })
      : untilTold(cluster, signal));
    console.log('\nstopping');
  } catch (error) {
    code = failed(error);
  }
  const clean = await close(closing);
  if (isUp && code === 0 && clean) console.log('stopped; nothing is left');
  return clean ? code : 1;
}

/** Shows the facts, one line each, and ends. */
async function check(wanted: UpOptions): Promise<number> {
  const closing = new Closing();
  const tour = new Tour(stopping.signal);
  let cluster: Cluster | undefined;
  let code = 0;
  try {
    cluster = await start(wanted, closing);
    tour.witnesses = cluster.nodes;
    await (cluster.servers === undefined ? tourLocal(tour, cluster) : tourCluster(tour, cluster, stopping.signal));
  } catch (error) {
    code = failed(error);
  }
  if (cluster === undefined || code !== 0) {
    await close(closing);
    console.log(
      stopping.signal.aborted ? 'check: stopped before its end' : 'check: FAILED, it did not come to its end',
    );
    return code === 0 ? 1 : code;
  }
  const { folder, servers } = cluster;
  await tour.fact('no process and no file is left', async () => {
    const problems = await closing.run();
    if (problems.length > 0) throw new Error(problems.join('; '));
    if (existsSync(folder)) throw new Error(`${folder} is still there`);
    const alive = [servers?.tier, servers?.bus].filter((server) => server?.process?.isRunning() === true);
    if (alive.length > 0) throw new Error(`${alive.length} servers still run`);
    return undefined;
  });
  console.log(`${tour.summary()}${servers === undefined ? ' (one node, local mode)' : ''}`);
  return tour.failed > 0 ? 1 : 0;
}

async function start(wanted: UpOptions, closing: Closing): Promise<Cluster> {
  const since = performance.now();
  const say = (line: string): void => console.log(line);
  const cluster = await startCluster(wanted, { root, closing, signal: stopping.signal, say });
  const { nodes, servers } = cluster;
  const on = servers === undefined ? 'in local mode' : `on ${servers.from}`;
  console.log(`${nodes.length === 1 ? 'one node' : `${nodes.length} nodes`} ready after ${elapsed(since)}, ${on}`);
  return cluster;
}

/** Tells what went wrong, unless it is that someone asked for the end; the exit code. */
function failed(error: unknown): number {
  const { signal } = stopping;
  if (!signal.aborted) {
    console.error(reasonOf(error));
    return 1;
  }
  console.log(`stopping on ${signal.reason}`);
  return EXIT_CODES[signal.reason] ?? 1;
}

async function close(closing: Closing): Promise<boolean> {
  const problems = await closing.run();
  for (const problem of problems) console.error(problem);
  return problems.length === 0;
}
