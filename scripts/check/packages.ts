/**
 * Packs every package that is meant for publishing, as publishing would, and checks the archive: publint, types that
 * resolve for ESM users (attw), nothing in it but `dist`, and a manifest that names no workspace and no source.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Package } from '@arethetypeswrong/core';
import { checkPackage, createPackageFromTarballData } from '@arethetypeswrong/core';
import { publint } from 'publint';
import { formatMessage } from 'publint/utils';

/** Ways of resolving that an ESM-only package does not serve: `require` and the resolution of Node 10. */
const UNSERVED = new Set(['node10', 'node16-cjs']);

const ALLOWED_FILES = /^(dist\/.+\.(js|js\.map|d\.ts|lua)|package\.json|README\.md|LICENSE)$/;

async function publintProblems(tarball: Buffer): Promise<string[]> {
  const bytes = tarball.buffer.slice(tarball.byteOffset, tarball.byteOffset + tarball.byteLength) as ArrayBuffer;
  const { messages, pkg } = await publint({ pack: { tarball: bytes }, level: 'warning', strict: true });
  return messages.map((message) => `publint: ${formatMessage(message, pkg, { color: false })}`);
}

async function typeProblems(archive: Package): Promise<string[]> {
  const result = await checkPackage(archive);
  if (result.types === false) return ['attw: no types'];
  return result.problems
    .filter((problem) => !('resolutionKind' in problem && UNSERVED.has(problem.resolutionKind)))
    .map((problem) => `attw: ${JSON.stringify(problem)}`);
}

/** A module in `dist` whose source is gone was left there by an earlier build. */
function isStale(folder: string, file: string): boolean {
  const source = file.replace(/^dist\/(.+)\.js$/, 'src/$1.ts');
  return source !== file && !existsSync(join(folder, source));
}

function contentProblems(folder: string, archive: Package): string[] {
  const root = `/node_modules/${archive.packageName}/`;
  const files = archive.listFiles().map((file) => file.slice(root.length));
  const problems = files.filter((file) => !ALLOWED_FILES.test(file)).map((file) => `packs ${file}`);
  problems.push(...files.filter((file) => isStale(folder, file)).map((file) => `packs ${file}, which has no source`));
  const manifest = archive.readFile(`${root}package.json`);
  for (const word of ['@lockstep/source', 'workspace:', 'catalog:']) {
    if (manifest.includes(word)) problems.push(`the packed package.json still says ${word}`);
  }
  return problems;
}

function pack(folder: string, destination: string): Buffer {
  const { status, stdout, stderr } = spawnSync('pnpm', ['pack', '--json', '--pack-destination', destination], {
    cwd: folder,
    encoding: 'utf8',
  });
  if (status !== 0) throw new Error(`pnpm pack in ${folder}: ${stdout}${stderr}`);
  const { filename } = JSON.parse(stdout) as { filename: string };
  return readFileSync(filename);
}

async function problemsOf(folder: string, destination: string): Promise<string[]> {
  const tarball = pack(folder, destination);
  const archive = createPackageFromTarballData(tarball);
  return [...contentProblems(folder, archive), ...(await publintProblems(tarball)), ...(await typeProblems(archive))];
}

const destination = mkdtempSync(join(tmpdir(), 'lockstep-pack-'));
let problemCount = 0;
try {
  for (const name of readdirSync('packages').sort()) {
    const folder = join('packages', name);
    if (!existsSync(join(folder, 'package.json'))) continue;
    const manifest = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')) as { private?: boolean };
    if (manifest.private === true) continue;
    const problems = await problemsOf(folder, destination);
    for (const problem of problems) console.log(`error: ${folder}: ${problem}`);
    problemCount += problems.length;
  }
} finally {
  rmSync(destination, { recursive: true, force: true });
}
console.log(`packages: ${problemCount} problems`);
process.exit(problemCount > 0 ? 1 : 0);
