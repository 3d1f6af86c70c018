/** Checks the tracked files themselves: the root's entries, the length of sources, and what must not be in a file. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { basename, extname } from 'node:path';

/** The root holds these and nothing else: four folders, and beside them what tools insist on. */
const ROOT_ENTRIES = new Set([
  'packages',
  'apps',
  'infra',
  'scripts',
  'README.md',
  'CONTRIBUTING.md',
  'LICENSE',
  'biome.json',
  'package.json',
  'pnpm-lock.yaml',
  'pnpm-workspace.yaml',
  'tsconfig.base.json',
  'turbo.json',
  'vitest.config.ts',
]);

/** Lines of a source file at which to look for the second thing it does, and at which it may grow no more. */
const LINES_WARN = 300;
const LINES_MAX = 400;

const SOURCE_EXTENSIONS = new Set(['.ts', '.mts', '.js', '.mjs', '.lua', '.sh']);

/** Text that ties a file to one machine or one registry. Written as fragments, so that this file passes too. */
const FORBIDDEN = [
  { what: 'a path of one machine', pattern: /(?<![\w.@~-])\/(work|root|home|Users)\/[\w.-]+/ },
  { what: 'a resolved registry address', pattern: /^\s*"?(resolved|tarball)"?:? "?https?:/m },
  { what: 'a registry host', pattern: new RegExp(['registry', 'npmjs', 'org'].join('[.]')) },
];

const errors: string[] = [];
const warnings: string[] = [];

function checkRoot(file: string): void {
  const [entry = ''] = file.split('/');
  if (!entry.startsWith('.') && !ROOT_ENTRIES.has(entry)) errors.push(`${file}: the root has no place for ${entry}`);
}

function checkLength(file: string, text: string): void {
  if (!SOURCE_EXTENSIONS.has(extname(file)) || file.includes('/generated/')) return;
  const lines = text.split('\n').length - 1;
  if (lines > LINES_MAX) errors.push(`${file}: ${lines} lines; ${LINES_MAX} is the most`);
  else if (lines > LINES_WARN) warnings.push(`${file}: ${lines} lines; does it do two things?`);
}

function checkName(file: string): void {
  if (/(^|-)(utils?|helpers?|types)\.ts$/.test(basename(file))) errors.push(`${file}: named after no thing`);
}

function checkText(file: string, text: string): void {
  for (const { what, pattern } of FORBIDDEN) {
    const at = text.search(pattern);
    if (at >= 0) errors.push(`${file}:${text.slice(0, at).split('\n').length}: ${what}`);
  }
}

const tracked = execFileSync('git', ['ls-files', '-z'], { encoding: 'utf8' });
const files = tracked.split('\0').filter((file) => file !== '' && existsSync(file));
for (const file of files) {
  checkRoot(file);
  checkName(file);
  const bytes = readFileSync(file);
  if (bytes.includes(0)) continue;
  const text = bytes.toString('utf8');
  checkLength(file, text);
  checkText(file, text);
}

for (const warning of warnings) console.log(`warning: ${warning}`);
for (const error of errors) console.log(`error: ${error}`);
console.log(`tree: ${files.length} files, ${errors.length} errors, ${warnings.length} warnings`);
process.exit(errors.length > 0 ? 1 : 0);
