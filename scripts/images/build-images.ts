import { copyFile, cp, mkdir, readFile, symlink } from 'node:fs/promises';
import { delimiter, dirname, join, matchesGlob, relative } from 'node:path';
import type { Stage, Step } from './dockerfile.ts';
import { readDockerfile } from './dockerfile.ts';
import { Image } from './image.ts';
import { runToEnd } from './run-to-end.ts';

/** One step may take this long: the longest fetches, or builds, everything. */
const STEP_TIMEOUT_MS = 300_000;

/** What images are built from. */
export interface BuildOptions {
  /** The Dockerfile; beside it, `<name>.dockerignore` says what COPY does not see. */
  readonly file: string;
  readonly context: string;
  /** Where the images' file systems are laid out, one folder a stage. */
  readonly folder: string;
}

/**
 * Runs a Dockerfile outside a container: every stage is a folder, COPY copies into it, and RUN runs there with this
 * machine's shell and npm, and with the absolute paths of the Dockerfile led into the folder. What an image of a
 * registry holds is not there; of `node:<version>`, the `node` that runs this.
 */
export async function buildImages(options: BuildOptions): Promise<ReadonlyMap<string, Image>> {
  const stages = readDockerfile(await readFile(options.file, 'utf8'));
  const ignored = (await readFile(`${options.file}.dockerignore`, 'utf8')).split('\n').filter(Boolean);
  const node = join(options.folder, '.node/node');
  await mkdir(dirname(node));
  // A copy: the user of an image may not be able to reach the folder that this Node is in.
  await copyFile(process.execPath, node);
  const access = await registryAccess();
  const build: Build = { ...options, access, ignored, node, tops: topFolders(stages), images: new Map() };
  for (const stage of stages) build.images.set(stage.name, await buildStage(stage, build));
  return build.images;
}

interface Build extends BuildOptions {
  readonly access: Readonly<Record<string, string>>;
  readonly ignored: readonly string[];
  readonly node: string;
  readonly tops: readonly string[];
  readonly images: Map<string, Image>;
}

async function buildStage(stage: Stage, build: Build): Promise<Image> {
  const root = join(build.folder, stage.name);
  const base = build.images.get(stage.base);
  if (base === undefined) {
    if (stage.base.split(/[:-]/)[1] !== process.versions.node) {
      throw new Error(`${stage.base} is not the Node that runs this, ${process.versions.node}`);
    }
    await mkdir(join(root, 'usr/local/bin'), { recursive: true });
    await symlink(build.node, join(root, 'usr/local/bin/node'));
  } else await copyFolder(base.root, root);
  const image = new Image({ root, tops: build.tops, base });
  const args = new Map<string, string>();
  for (const step of stage.steps) await take(step, { image, build, args });
  return image;
}

interface Scene {
  readonly image: Image;
  readonly build: Build;
  /** Of this stage alone. */
  readonly args: Map<string, string>;
}

async function take(step: Step, { image, build, args }: Scene): Promise<void> {
  const expand = (text: string): string =>
    text.replace(/\$\{?(\w+)\}?/g, (_, name: string) => image.variables.get(name) ?? args.get(name) ?? '');
  switch (step.kind) {
    case 'run': {
      const global = join(image.root, 'usr/local');
      const environment = {
        ...build.access,
        ...Object.fromEntries([...args, ...image.variables]),
        PATH: `${join(global, 'bin')}:${build.access['PATH']}`,
        npm_config_prefix: global,
      };
      const command = ['/bin/sh', '-c', image.inside(step.script)] as const;
      const ended = await runToEnd(command, { cwd: image.workdir, environment, timeoutMs: STEP_TIMEOUT_MS });
      if (ended.code !== 0) throw new Error(`RUN ${step.script}\nended with ${ended.code}:\n${ended.text}`);
      return;
    }
    case 'copy':
      return copy(step, image, build);
    case 'workdir':
      image.enter(step.path);
      await mkdir(image.workdir, { recursive: true });
      return;
    case 'arg':
      for (const [name, value] of step.entries) args.set(name, value);
      return;
    case 'env':
      for (const [name, value] of step.entries) image.variables.set(name, expand(value));
      return;
    case 'label':
      for (const [name, value] of step.entries) image.labels.set(name, expand(value));
      return;
    default:
      image.set(step);
  }
}

/** COPY: a folder's content goes into the destination, a file into it where it ends with a slash, else onto it. */
async function copy(step: Step & { kind: 'copy' }, image: Image, build: Build): Promise<void> {
  const from = step.from === undefined ? build.context : build.images.get(step.from)?.root;
  if (from === undefined) throw new Error(`COPY --from=${step.from}: there is no such stage before`);
  const isSeen = (path: string): boolean =>
    !build.ignored.some((pattern) => matchesGlob(relative(from, path), pattern));
  for (const source of step.sources) {
    const path = join(from, source);
    if (step.from !== undefined) {
      await copyFolder(path, image.path(step.to));
      continue;
    }
    const isFile = step.to.endsWith('/') && source !== '.';
    const to = join(image.path(step.to), isFile ? source : '');
    await mkdir(dirname(to), { recursive: true });
    await cp(path, to, { recursive: true, verbatimSymlinks: true, filter: isSeen });
  }
}

/** Copies what is in a folder into another one, which need not be there; many times as fast as Node does it. */
async function copyFolder(from: string, to: string): Promise<void> {
  await mkdir(to, { recursive: true });
  const command = ['cp', '-a', `${from}/.`, to];
  const { code, text } = await runToEnd(command, {
    cwd: to,
    environment: { PATH: '/usr/bin:/bin' },
    timeoutMs: STEP_TIMEOUT_MS,
  });
  if (code !== 0) throw new Error(text);
}

/** The folders at the root that the Dockerfile works in: what it calls `/app` is `<root>/app` here. */
function topFolders(stages: readonly Stage[]): readonly string[] {
  const paths = stages.flatMap(({ steps }) =>
    steps.flatMap((step) => {
      if (step.kind === 'workdir') return [step.path];
      return step.kind === 'copy' ? [step.to, ...(step.from === undefined ? [] : step.sources)] : [];
    }),
  );
  return [...new Set(paths.flatMap((path) => /^\/([\w-]+)/.exec(path)?.[1] ?? []))];
}

/** This machine's ways to the npm registry, and its caches. */
async function registryAccess(): Promise<Record<string, string>> {
  const kept = Object.entries(process.env).filter(([name]) =>
    /^(HOME|LANG|TMPDIR|(https?|no)_proxy|NODE_EXTRA_CA_CERTS|SSL_CERT_(FILE|DIR)|npm_config_(registry|cafile|userconfig))$/i.test(
      name,
    ),
  );
  const environment = Object.fromEntries(kept);
  const path = process.env['PATH'] ?? '';
  // npm looks for it beside the Node that runs npm: the machine's own, which is no package's.
  const ofMachine = path.split(delimiter).filter((folder) => !folder.includes('node_modules'));
  const asking = {
    cwd: '/',
    environment: { ...environment, PATH: ofMachine.join(delimiter) },
    timeoutMs: STEP_TIMEOUT_MS,
  };
  const { text } = await runToEnd(['npm', 'config', 'get', 'globalconfig'], asking);
  return { ...environment, PATH: path, npm_config_globalconfig: text.trim(), CI: 'true' };
}
