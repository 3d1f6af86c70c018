/**
 * Writes test/fixtures/release-<version>.json: what this release writes into a tier and says on a bus. It is made once,
 * when a release is made; from then on the tests hold every later one to it.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { record } from './recording.ts';

const ROOT = join(import.meta.dirname, '../..');
const { version } = JSON.parse(readFileSync(join(ROOT, 'package.json'), 'utf8')) as { version: string };
const file = join(ROOT, `test/fixtures/release-${version}.json`);
writeFileSync(file, `${JSON.stringify({ release: version, ...(await record()) }, undefined, 1)}\n`, { flag: 'wx' });
process.stdout.write(`${file}\n`);
