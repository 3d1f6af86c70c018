/** Checks that every promise of the protocol page is cited by the title of a test. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { promisesOf, titlesOf, uncited } from './cited-promises.ts';

const PAGE = 'packages/core/PROTOCOL.md';

const tracked = execFileSync('git', ['ls-files', '-z', '*.test.ts'], { encoding: 'utf8' }).split('\0');
const files = tracked.filter((file) => file !== '' && !file.startsWith('scripts/') && existsSync(file));
const titles = files.flatMap((file) => titlesOf(readFileSync(file, 'utf8')));
const promises = promisesOf(readFileSync(PAGE, 'utf8'));
const missing = uncited(promises, titles);

for (const id of missing) console.log(`error: ${PAGE} promises ${id}, and no test's title cites it`);
if (promises.length === 0) console.log(`error: ${PAGE} has no table of promises`);
console.log(`promises: ${promises.length} in ${PAGE}, ${missing.length} cited by no test`);
process.exit(missing.length > 0 || promises.length === 0 ? 1 : 0);
