import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** Imports the module it is given, and prints the URLs of everything that this brought in, each after its importer's. */
const PROBE = `
  import { registerHooks } from 'node:module';
  const reached = [];
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      reached.push([context.parentURL, resolved.url]);
      return resolved;
    },
  });
  await import(process.argv[1]);
  console.log(JSON.stringify(reached));
`;

let modules: string;

// Built here and now, in a tree as npm would install it: what lies in dist may be of an earlier source.
beforeAll(() => {
  const root = mkdtempSync(join(tmpdir(), 'lockstep-cache-'));
  modules = join(root, 'node_modules');
  for (const folder of ['core', 'telemetry', 'near-cache', 'cache']) build(folder);
});

afterAll(() => {
  rmSync(dirname(modules), { recursive: true, force: true });
});

function build(folder: string): void {
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  const source = fileURLToPath(new URL(`../../${folder}`, import.meta.url));
  const target = join(modules, '@lockstep', folder);
  mkdirSync(target, { recursive: true });
  cpSync(join(source, 'package.json'), join(target, 'package.json'));
  const project = join(source, 'tsconfig.build.json');
  // Types are not checked: they would come from the dist folders of other packages.
  execFileSync(process.execPath, [compiler, '-p', project, '--noCheck', '--outDir', join(target, 'dist')]);
  const { dependencies, peerDependencies } = JSON.parse(readFileSync(join(source, 'package.json'), 'utf8')) as {
    readonly dependencies?: Readonly<Record<string, string>>;
    readonly peerDependencies?: Readonly<Record<string, string>>;
  };
  for (const name of Object.keys({ ...dependencies, ...peerDependencies })) {
    if (existsSync(join(modules, name)) || name.startsWith('@lockstep/')) continue;
    mkdirSync(dirname(join(modules, name)), { recursive: true });
    symlinkSync(join(source, 'node_modules', name), join(modules, name));
  }
}

/** The package that a module's URL lies in, or the URL itself: `node:crypto`. */
function packageOf(url: string): string {
  return /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)\//.exec(url)?.[1] ?? url;
}

it('reaches core, telemetry, near-cache, lru-cache, the API of OpenTelemetry, and four modules of node when it is built and imported', () => {
  const entry = pathToFileURL(join(modules, '@lockstep/cache/dist/index.js')).href;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', PROBE, entry], {
    encoding: 'utf8',
    env: {},
  });
  const steps = (JSON.parse(output) as [importer: string, imported: string][]).filter(([, url]) => url !== entry);
  const between = steps.map((urls) => urls.map(packageOf)).filter(([importer, imported]) => importer !== imported);
  expect([...new Set(between.map((packages) => packages.join(' -> ')))].sort()).toEqual([
    '@lockstep/cache -> @lockstep/core',
    '@lockstep/cache -> @lockstep/near-cache',
    '@lockstep/cache -> @lockstep/telemetry',
    '@lockstep/cache -> @opentelemetry/api',
    '@lockstep/cache -> node:crypto',
    '@lockstep/cache -> node:perf_hooks',
    '@lockstep/cache -> node:v8',
    '@lockstep/cache -> node:zlib',
    '@lockstep/near-cache -> @lockstep/core',
    '@lockstep/near-cache -> lru-cache',
    '@lockstep/telemetry -> @opentelemetry/api',
    'lru-cache -> node:diagnostics_channel',
  ]);
});
