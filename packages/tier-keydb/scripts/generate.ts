import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join, resolve } from 'node:path';

/**
 * Emits `src/generated/<name>.ts` for every `src/lua/<name>-<keys>.lua`: includes resolved, comments removed.
 * With `--check` it writes nothing, and fails where what it would write differs from what is there. With `--release` it
 * writes the scripts to `test/fixtures/scripts-<version>.json` instead: later releases are tested beside them.
 */

const ROOT = resolve(import.meta.dirname, '..');
const SOURCES = join(ROOT, 'src/lua');
const TARGET = join(ROOT, 'src/generated');
const SCRIPT_NAME = /^([a-z]+(?:-[a-z]+)*)-(\d+)\.lua$/;
const INCLUDE = /^--- @include "([^"]+)"$/;

const [isCheck, isRelease] = ['--check', '--release'].map((option) => process.argv.includes(option));
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };

/** A script as it is sent. */
interface Script {
  readonly name: string;
  readonly keyCount: number;
  readonly sha1: string;
  readonly lua: string;
}

const scripts = new Map<string, Script>();
const emitted = new Map<string, string>();
for (const file of readdirSync(SOURCES).sort()) {
  const match = SCRIPT_NAME.exec(file);
  if (match !== null) {
    const [name, keyCount] = [match[1] as string, Number(match[2])];
    const script = scriptOf(name, keyCount, join(SOURCES, file));
    scripts.set(name, script);
    emitted.set(`${name}.ts`, moduleOf(name, script));
  } else if (file !== 'include') throw new Error(`src/lua/${file}: name it <name>-<number of keys>.lua`);
}

const differing = isCheck ? differences(emitted) : [];
if (isRelease) {
  const file = join(ROOT, `test/fixtures/scripts-${version}.json`);
  writeFileSync(file, `${JSON.stringify({ release: version, scripts: Object.fromEntries(scripts) }, undefined, 1)}\n`, {
    flag: 'wx',
  });
} else if (!isCheck) write(emitted);
if (differing.length > 0) {
  process.stderr.write(`src/generated differs from src/lua: ${differing.join(', ')}; run \`pnpm generate\`\n`);
  process.exitCode = 1;
}

function scriptOf(name: string, keyCount: number, path: string): Script {
  checkHead(path, keyCount);
  const code = resolveIncludes(path, new Set());
  const lua = `-- lockstep:${name} ${version}\n${code.join('\n')}\n`;
  return { name: `lockstep:${name} ${version}`, keyCount, sha1: createHash('sha1').update(lua).digest('hex'), lua };
}

function moduleOf(name: string, { name: fullName, keyCount, sha1, lua }: Script): string {
  const literal = lua.replaceAll('\\', '\\\\').replaceAll('`', '\\`').replaceAll('${', '\\${');
  const identifier = `${name.replaceAll(/-([a-z])/g, (_, letter: string) => letter.toUpperCase())}Script`;
  return [
    `// Made from src/lua/${name}-${keyCount}.lua by scripts/generate.ts.`,
    "import type { LuaScript } from '../lua-script.ts';",
    '',
    `export const ${identifier}: LuaScript<${keyCount}> = {`,
    `  name: '${fullName}',`,
    `  keyCount: ${keyCount},`,
    `  sha1: '${sha1}',`,
    `  lua: \`${literal}\`,`,
    '};',
    '',
  ].join('\n');
}

/** A script says what it does, and what it is given: as many KEYS as its name says. */
function checkHead(path: string, keyCount: number): void {
  const head: string[] = [];
  for (const line of readFileSync(path, 'utf8').split('\n')) {
    if (!line.startsWith('-- ')) break;
    head.push(line.slice(3));
  }
  const keys = head
    .find((line) => line.startsWith('KEYS: '))
    ?.slice('KEYS: '.length)
    .split(', ');
  const isWhole = ['ARGV: ', 'Returns'].every((part) => head.some((line) => line.startsWith(part)));
  if (keys === undefined || !isWhole) throw new Error(`${path}: the head comment lacks KEYS, ARGV or Returns`);
  if (keys.length !== keyCount) throw new Error(`${path}: ${keyCount} keys in the name, ${keys.length} in the comment`);
}

function resolveIncludes(path: string, included: Set<string>): string[] {
  if (included.has(path)) return [];
  included.add(path);
  return readFileSync(path, 'utf8')
    .split('\n')
    .flatMap((line) => {
      const include = INCLUDE.exec(line)?.[1];
      if (include !== undefined) return resolveIncludes(resolve(dirname(path), include), included);
      return line.trim() === '' || line.trimStart().startsWith('--') ? [] : [line];
    });
}

function differences(modules: ReadonlyMap<string, string>): string[] {
  const there = new Set(readdirSync(TARGET));
  const wrong = [...modules].filter(
    ([file, text]) => !there.has(file) || readFileSync(join(TARGET, file), 'utf8') !== text,
  );
  return [...wrong.map(([file]) => file), ...[...there].filter((file) => !modules.has(file))];
}

function write(modules: ReadonlyMap<string, string>): void {
  mkdirSync(TARGET, { recursive: true });
  for (const file of readdirSync(TARGET)) if (!modules.has(file)) rmSync(join(TARGET, file));
  for (const [file, text] of modules) writeFileSync(join(TARGET, file), text);
}
