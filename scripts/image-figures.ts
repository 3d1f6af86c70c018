/** Builds the images of apps/gateway/Dockerfile outside a container, and prints how large their apps are and how fast a node starts. */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { waitFor } from '@lockstep/testkit';
import { buildImages } from './images/build-images.ts';
import { startContainer } from './images/container.ts';
import type { Image } from './images/image.ts';

const STARTS = 15;

const root = join(import.meta.dirname, '..');
const folder = mkdtempSync(join(tmpdir(), 'lockstep-images-'));
try {
  spawnSync('chmod', ['755', folder]);
  const images = await buildImages({ file: join(root, 'apps/gateway/Dockerfile'), context: root, folder });
  for (const target of ['gateway', 'cli']) console.log(`${target}: ${megabytesOf(imageOf(images, target))} MB`);
  const starts: number[] = [];
  for (let start = 0; start < STARTS; start++) starts.push(await listeningAfterMs(imageOf(images, 'gateway')));
  starts.sort((a, b) => a - b);
  const [fastest, median, slowest] = [starts[0], starts[STARTS >> 1], starts.at(-1)].map((ms) => Math.round(ms ?? 0));
  console.log(`exec to listening: ${median} ms (median of ${STARTS}; ${fastest} to ${slowest})`);
  console.log(`${cpus()[0]?.model}, ${cpus().length} cores, Node ${process.versions.node}`);
} finally {
  await rm(folder, { recursive: true, force: true });
}

function imageOf(images: ReadonlyMap<string, Image>, target: string): Image {
  const image = images.get(target);
  if (image === undefined) throw new Error(`the Dockerfile has no target ${target}`);
  return image;
}

/** Of what lies in /app, as the sum of its files. */
function megabytesOf(image: Image): string {
  const { stdout } = spawnSync('du', ['--bytes', '--summarize', image.path('/app')], { encoding: 'utf8' });
  return (Number.parseInt(stdout, 10) / 1e6).toFixed(1);
}

/** From the start of a process, in local mode without servers, until it says that it listens. */
async function listeningAfterMs(image: Image): Promise<number> {
  const config = join(folder, 'gateway.json');
  writeFileSync(config, '{"apikeys":{}}');
  const since = performance.now();
  const node = startContainer(image, image.command(), { LOCKSTEP_CONFIG: config, LOCKSTEP_PORT: '0' });
  await waitFor(() => node.output.includes('"listening"'), { what: 'a node to listen' });
  const ms = performance.now() - since;
  node.kill();
  await node.ended;
  return ms;
}
