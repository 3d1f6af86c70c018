import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { afterAll, beforeAll, expect, it } from 'vitest';

/** Imports the module it is given, and prints the URL of everything that this brought in. */
const PROBE = `
  import { registerHooks } from 'node:module';
  const reached = [];
  registerHooks({
    resolve(specifier, context, next) {
      const resolved = next(specifier, context);
      reached.push(resolved.url);
      return resolved;
    },
  });
  await import(process.argv[1]);
  console.log(JSON.stringify([...new Set(reached)]));
`;

let built: string;

// Built here and now: what lies in dist may be of an earlier source.
beforeAll(() => {
  built = mkdtempSync(join(tmpdir(), 'lockstep-core-'));
  const compiler = join(dirname(createRequire(import.meta.url).resolve('typescript/package.json')), 'bin/tsc');
  const project = fileURLToPath(new URL('../tsconfig.build.json', import.meta.url));
  execFileSync(process.execPath, [compiler, '-p', project, '--outDir', built]);
});

afterAll(() => {
  rmSync(built, { recursive: true, force: true });
});

it('reaches nothing but its own files when it is built and imported: no I/O, no vendor, no other package', () => {
  const entry = pathToFileURL(join(built, 'index.js')).href;
  const output = execFileSync(process.execPath, ['--input-type=module', '--eval', PROBE, entry], {
    encoding: 'utf8',
    env: {},
  });
  const root = pathToFileURL(`${built}/`).href;
  const reached = (JSON.parse(output) as string[]).map((url) => url.replace(root, './'));
  expect(reached.sort()).toEqual([
    './bytes.js',
    './entry.js',
    './epochs.js',
    './errors.js',
    './event.js',
    './flights.js',
    './history.js',
    './horizon.js',
    './index.js',
    './journal.js',
    './keys.js',
    './message.js',
    './tls-failure.js',
  ]);
});
