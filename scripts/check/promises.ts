/** Checks that every promise of the protocol page is cited by the title of a test, and that the tests are there which pages cite. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { citationsOf, promisesOf, titlesOf, uncited } from './cited-promises.ts';

const PAGE = 'packages/core/PROTOCOL.md';

const tracked = execFileSync('git', ['ls-files', '-z', '*.test.ts'], { encoding: 'utf8' }).split('\0');
const files = tracked.filter((file) => file !== '' && !file.startsWith('scripts/') && existsSync(file));
const titles = files.flatMap((file) => titlesOf(readFileSync(file, 'utf8')));
const promises = promisesOf(readFileSync(PAGE, 'utf8'));
const missing = uncited(promises, titles);

const pages = execFileSync('git', ['ls-files', '-z', '*.md'], { encoding: 'utf8' }).split('\0').filter(existsSync);
const dead = pages.flatMap((page) =>
  citationsOf(readFileSync(page, 'utf8')).flatMap(({ title, file }) => {
    const path = join(dirname(page), file);
    const there = existsSync(path) && titlesOf(readFileSync(path, 'utf8')).some((known) => known.startsWith(title));
    return there ? [] : [`${page} cites a test "${title}" that ${path} does not have`];
  }),
);

for (const problem of dead) console.log(`error: ${problem}`);
for (const id of missing) console.log(`error: ${PAGE} promises ${id}, and no test's title cites it`);
if (promises.length === 0) console.log(`error: ${PAGE} has no table of promises`);
console.log(
  `promises: ${promises.length} in ${PAGE}, ${missing.length} cited by no test; ${dead.length} citations of tests that are not there`,
);
process.exit(missing.length + dead.length > 0 || promises.length === 0 ? 1 : 0);
